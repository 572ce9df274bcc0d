"""What held a configuration up is told from what was measured, and the machine is not excused."""

import pytest

from reports.compare.limits import NOT_JUDGED, find_limit

BUSY = {"api": 0.9, "worker": 0.5, "generator": 0.5}


def test_where_all_came_through_nothing_held_it_up(make_stage):
    assert find_limit([make_stage(100), make_stage(300, reached=294)], 2) is None


def test_a_backlog_that_is_worked_off_later_does_not_hide_what_was_not_carried(make_stage):
    busy_later = make_stage(400, carried_share=0.8)  # as many left as came, but others
    assert find_limit([busy_later], 2) is not None


@pytest.mark.parametrize(
    ("changes", "kind", "told"),
    [
        ({"throttled": {"emails.fifo send": 0.25}}, "quota", "quota of emails.fifo send calls"),
        ({"late_p99_ms": 180.0}, "generator", "the generator"),
        ({"cpu": BUSY}, "machine", "1.9 of 2 cores"),
        ({"cpu": {"worker": 0.97, "api": 0.2}}, "cpu", "worker: 0.97 of a core"),
        ({"hottest_share": 0.8}, "message-group", "holds 80% of the backlog"),
        ({"busy_cores": 1.9}, "machine", "with work of others as well: 1.9 cores"),
        ({}, "unknown", "neither quota nor cores"),
    ],
)
def test_each_kind_of_limit_is_told_apart(make_stage, changes, kind, told):
    held = find_limit([make_stage(200), make_stage(400, reached=300, **changes)], 2)
    assert held.kind == kind
    assert told in held.what
    assert held.stage.offered_per_s == 400
    assert held.is_its_own == (kind in {"quota", "message-group"})


def test_a_rate_that_was_not_offered_as_planned_does_not_blame_the_quota(make_stage):
    bunched = make_stage(400, reached=300, throttled={"emails.fifo send": 0.03}, late_p99_ms=90.0)
    assert find_limit([bunched], 2).kind == "generator"


def test_many_throttled_calls_are_the_quota_s_however_late_they_were(make_stage):
    throttled = {"emails.fifo send": 0.3}
    late = make_stage(400, reached=240, throttled=throttled, late_p99_ms=250.0)
    assert find_limit([late], 2).kind == "quota"


def test_the_first_rate_that_was_not_reached_counts(make_stage):
    stages = [make_stage(600, reached=290), make_stage(400, reached=300), make_stage(200)]
    assert find_limit(stages, 2).stage.offered_per_s == 400


def test_a_stage_with_faults_proves_no_limit(make_stage):
    assert find_limit([make_stage(40, reached=20, is_calm=False), make_stage(100)], 2) is None


def test_without_a_stage_that_tells_nothing_is_judged(make_stage):
    broken, never_came = make_stage(100, is_calm=False), make_stage(100, emails=0)
    for stages in ([], [broken], [never_came], [broken, never_came]):
        assert find_limit(stages, 2) == NOT_JUDGED
