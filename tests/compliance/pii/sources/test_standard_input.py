"""Lines of another program come through as they are written."""

import os

import pytest

from compliance.pii.sources import Intake


class Stdin:
    def __init__(self, descriptor):
        self._descriptor = descriptor

    def fileno(self):
        return self._descriptor


@pytest.fixture
def pipe(monkeypatch):
    read_end, write_end = os.pipe()
    monkeypatch.setattr("sys.stdin", Stdin(read_end))
    yield write_end
    os.close(read_end)


def test_a_line_is_handed_out_before_the_next_is_written(pipe):
    lines = Intake().lines(["-"])
    for text in (b"one\n", b"two\n"):
        os.write(pipe, text)
        line = next(lines)
        assert (line.source, line.data) == ("stdin", text.strip())
    os.close(pipe)
    assert list(lines) == []


def test_idle_is_said_once_while_nothing_comes(pipe):
    said = []
    intake = Intake(on_idle=lambda: (said.append(1), os.write(pipe, b"late\n"), os.close(pipe)))
    assert [line.data for line in intake.lines(["-"])] == [b"late"]
    assert said == [1]


def test_without_standard_input_it_is_said(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    intake = Intake()
    assert list(intake.lines(["-"])) == []
    assert [note.what for note in intake.tally.skipped] == ["there is no standard input"]
