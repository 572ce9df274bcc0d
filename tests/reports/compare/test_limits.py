"""What held a configuration up is told from what was measured, and the machine is not excused."""

import pytest

from reports.compare.limits import find_limit

BUSY = {"api": 0.9, "worker": 0.5, "generator": 0.5}


def test_where_all_came_through_nothing_held_it_up(make_stage):
    assert find_limit([make_stage(100), make_stage(300, reached=294)], 2) is None


@pytest.mark.parametrize(
    ("changes", "held", "told"),
    [
        ({"throttled_calls": 900}, "quota", "900 calls throttled"),
        ({"late_p99_ms": 180.0}, "generator", "180 ms late"),
        ({"cpu": BUSY}, "cores", "1.9 of 2 cores"),
        ({"cpu": {"worker": 0.97, "api": 0.2}}, "process", "worker, which took 0.97 of a core"),
        ({}, "unknown", "neither quota nor generator nor cores"),
    ],
)
def test_each_kind_of_limit_is_told_apart(make_stage, changes, held, told):
    limit = find_limit([make_stage(200), make_stage(400, reached=300, **changes)], 2)
    assert limit.held == held
    assert told in limit.what
    assert limit.stage.offered_per_s == 400


def test_a_few_throttled_calls_are_not_the_quota(make_stage):
    few = make_stage(400, reached=300, throttled_calls=20, late_p99_ms=90.0)
    assert find_limit([few], 2).held == "generator"


def test_the_first_rate_that_was_not_reached_counts(make_stage):
    stages = [make_stage(600, reached=290), make_stage(400, reached=300), make_stage(200)]
    assert find_limit(stages, 2).stage.offered_per_s == 400


def test_a_stage_with_faults_proves_no_limit(make_stage):
    assert find_limit([make_stage(40, reached=20, is_calm=False), make_stage(100)], 2) is None
