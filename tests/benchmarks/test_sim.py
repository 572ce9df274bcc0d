"""The bench of simulated storms: its goals, and that it measures no failing ones."""

from collections import Counter

import pytest

from benchmarks.figures import BenchError
from benchmarks.sim import _clean, speeds
from loadtests.sim.campaign import Campaign


def campaign(**changes):
    return Campaign(
        seeds=100, elapsed_s=2.0, virtual_s=6_000.0, counts=Counter(acknowledged=4_000), **changes
    )


def test_the_goals_are_those_of_all_cores():
    found = campaign()
    table = speeds({2: [found, found], 1: [found]})
    assert [(row.name, row.unit, row.figure) for row in table.rows] == [
        ("2 cores", "seeds/min", 3_000),
        ("2 cores", "s of life/s", 3_000),
        ("1 core", "seeds/min", 3_000),
    ]
    assert [[check.reached for check in table.checked(row)] for row in table.rows] == [
        [True],
        [True],
        [],
    ]


def test_a_failing_or_doubtful_seed_is_no_speed():
    assert _clean(campaign()).seeds == 100
    with pytest.raises(BenchError, match="seed 7 of storm fails: lost k"):
        _clean(campaign(failing=[(7, "lost", "k")]))
    with pytest.raises(BenchError, match="seed 8 of storm cannot tell: not drained"):
        _clean(campaign(doubtful=[(8, "not drained")]))
