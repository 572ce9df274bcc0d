"""Lines of one traceback belong to the line that logged it; other lines stay alone."""

import pytest

from compliance.pii.sources.records import LINES_PER_RECORD_MAX, RecordTracker


def openings(text):
    tracker = RecordTracker()
    return [tracker.opening_of(line) for line in text.encode().splitlines()]


TRACEBACK = """\
2025-11-24 10:00:00 ERROR could not send
Traceback (most recent call last):
  File "worker.py", line 7, in send
    deliver(email)
pydantic_core.ValidationError: 1 validation error for Email
to
  value is not a valid email address

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "worker.py", line 9, in send
worker.SendError: refused
2025-11-24 10:00:01 INFO next
"""


def test_a_chained_traceback_with_its_message_belongs_to_its_log_line():
    lines = TRACEBACK.splitlines()
    found = openings(TRACEBACK)
    assert found[0] == b""
    assert found[-1] == b""
    assert set(found[1:-1]) == {lines[0].encode()}


def test_java_stack_traces_belong_together_too():
    text = "ERROR failed\njava.lang.Error: x\n\tat a.B.c(B.java:1)\nCaused by: y\n\tat d\nINFO on"
    found = openings(text)
    assert found[2] == found[3] == found[4] != b""
    assert found[5] == b""


@pytest.mark.parametrize(
    "line", ['{"event":"x"}', "[info] x", "<13>x", "10:00:00 x", "Nov 24 10:00:00 host x", "INFO x"]
)
def test_what_loggers_start_a_line_with_ends_a_traceback(line):
    assert openings(f"ERROR x\nTraceback (most recent call last):\nE: y\n{line}")[-1] == b""


def test_lines_that_are_not_indented_stand_alone():
    assert openings("one\ntwo\nthree") == [b"", b"", b""]


def test_an_indented_first_line_has_nothing_to_belong_to():
    assert openings("  indented\n  again")[0] == b""


def test_a_record_without_end_is_bounded():
    found = openings("ERROR x\n" + "  y\n" * (2 * LINES_PER_RECORD_MAX))
    assert found.count(b"") >= 2
