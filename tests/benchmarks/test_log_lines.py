"""The scanner's log lines: repeatable, of two kinds, with as many people as asked for."""

import json

from benchmarks.log_lines import log_lines
from scenarios.arrivals import synthetic_people

PEOPLE = synthetic_people(20, 1)
VALUES = [value for p in PEOPLE for value in (p.name, p.email, p.phone, p.address)]


def lines(count, share, seed=1):
    return list(log_lines(count, people=PEOPLE, share=share, seed=seed))


def shows_somebody(line):
    text = " ".join(map(str, json.loads(line).values())) if line.startswith("{") else line
    return any(value in text for value in VALUES)


def test_the_seed_decides_the_lines():
    assert lines(50, 0.1) == lines(50, 0.1)
    assert lines(50, 0.1) != lines(50, 0.1, seed=2)


def test_half_of_the_lines_are_json():
    share = sum(line.startswith("{") for line in lines(1_000, 0)) / 1_000
    assert 0.4 < share < 0.6


def test_people_show_in_the_share_asked_for_and_nowhere_else():
    assert sum(map(shows_somebody, lines(1_000, 1.0))) == 1_000
    assert not any(map(shows_somebody, lines(1_000, 0.0)))
    assert 10 < sum(map(shows_somebody, lines(1_000, 0.03))) < 60


def test_lines_differ_in_their_ids_and_numbers():
    drawn = lines(1_000, 0)
    assert len(set(drawn)) == len(drawn)
