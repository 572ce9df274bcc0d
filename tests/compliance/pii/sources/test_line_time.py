"""The time that a line tells, and what --since leaves out."""

import pytest

from compliance.pii.sources.line_time import AgeFilter, time_of

AT_S = 1_763_978_400.0  # 2025-11-24T10:00:00Z


@pytest.mark.parametrize(
    ("line", "time_s"),
    [
        (b"2025-11-24 10:00:00 INFO x", AT_S),
        (b"2025-11-24T10:00:00Z x", AT_S),
        (b"2025-11-24 10:00:00,250 x", AT_S + 0.25),
        (b"[2025-11-24T11:00:00+01:00] x", AT_S),
        (b"2025-11-24T11:00:00+0100 x", AT_S),
        (b"INFO 2025-11-24 10:00:00 x", AT_S),
        (b'{"event":"x","timestamp":"2025-11-24T10:00:00.5Z"}', AT_S + 0.5),
        (b'{"@timestamp": "2025-11-24T10:00:00Z"}', AT_S),
        (b'{"ts":1763978400.5}', AT_S + 0.5),
        (b'{"time":1763978400000}', AT_S),
        (b'{"deadline":"2025-11-24T10:00:00Z"}', None),
        (b"retry at 2025-11-24 10:00:00", None),
        (b"2025-02-31 10:00:00 x", None),
        (b"2025-11-24T10:00:00+99:99 x", None),
        (b"plain", None),
        (b"", None),
    ],
)
def test_time_of_a_line(line, time_s):
    assert time_of(line) == time_s


def test_lines_without_a_time_go_with_the_line_before():
    ages = AgeFilter(AT_S)
    lines = [
        (b"no time yet", False),
        (b"2025-11-24 09:59:59 ERROR old", True),
        (b"  File old", True),
        (b"2025-11-24 10:00:00 ERROR new", False),
        (b"  File new", False),
    ]
    assert [ages.is_old(line, None) for line, _ in lines] == [old for _, old in lines]
    assert ages.left_out == 2


def test_a_collectors_time_counts_before_the_lines_own():
    assert AgeFilter(AT_S).is_old(b"2025-11-24 10:00:01 x", AT_S - 1)


def test_without_since_nothing_is_old():
    assert not AgeFilter(None).is_old(b"1970-01-01 00:00:00 x", 0.0)
