"""The search against services of known capacity: quotas, noisy queues, weak generators."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capacity.search import (
    Interval,
    Kind,
    Limits,
    Result,
    Seen,
    Trial,
    find_capacity,
    interval_of,
)

FLOOR, CEILING = 10.0, 10_000.0


def limits(**more):
    fields = {"start_per_s": 100.0, "floor_per_s": FLOOR, "ceiling_per_s": CEILING}
    return Limits(**(fields | {"trials_max": 30} | more))


def search(service, **more):
    return find_capacity(service, limits(**more), lambda: 0.0)


def quota(capacity, *, tells_what_it_carries=True):
    """Holds every rate up to its capacity, and exactly that much of a higher one."""

    def try_rate(rate_per_s):
        if rate_per_s <= capacity:
            return Seen(Result.MET, rate_per_s)
        return Seen(Result.MISSED, capacity if tells_what_it_carries else None)

    return try_rate


CAPACITIES = st.floats(FLOOR * 1.1, CEILING * 0.9)
STARTS = st.floats(FLOOR, CEILING)


@given(CAPACITIES, STARTS, st.booleans(), st.sampled_from([0.01, 0.02, 0.1]))
def test_a_quota_is_found_within_the_precision_from_anywhere(capacity, start, tells, precision):
    service = quota(capacity, tells_what_it_carries=tells)
    found = search(service, start_per_s=start, precision=precision)
    assert found.kind is Kind.FOUND
    assert found.interval.low_per_s <= capacity < found.interval.high_per_s
    assert found.interval.is_within(precision)
    assert found.held_per_s <= capacity


@given(CAPACITIES)
def test_both_ends_of_what_was_found_were_tried_twice(capacity):
    found = search(quota(capacity))
    for end in (found.interval.low_per_s, found.interval.high_per_s):
        assert [trial.rate_per_s for trial in found.trials].count(end) == 2


@given(st.floats(20, 1_000))
def test_what_an_overload_carried_makes_the_search_short(capacity):
    assert len(search(quota(capacity), start_per_s=capacity).trials) <= 6


def test_a_quota_of_300_is_bracketed_by_297_and_303():
    found = search(quota(300.0), start_per_s=300.0)
    assert found.interval == Interval(300.0, 303.0)  # 300 itself is held
    assert search(quota(300.0), start_per_s=1_000.0).interval == Interval(297.0, 303.0)


@given(st.floats(1, FLOOR * 0.9), STARTS)
def test_a_service_that_holds_nothing_is_below_the_floor(capacity, start):
    found = search(quota(capacity), start_per_s=start)
    assert found.kind is Kind.BELOW_FLOOR
    assert found.held_per_s == 0
    assert found.trials[-1].rate_per_s == FLOOR


@given(STARTS)
def test_a_service_without_limit_holds_at_least_the_ceiling(start):
    found = search(quota(math.inf), start_per_s=start)
    assert found.kind is Kind.AT_LEAST
    assert found.held_per_s == CEILING
    assert found.interval.high_per_s == math.inf


@given(st.floats(FLOOR * 1.1, 1_000), STARTS)
def test_a_weak_generator_is_never_reported_as_the_services_capacity(offered_max, start):
    def try_rate(rate_per_s):
        if rate_per_s > offered_max:
            return Seen(Result.GENERATOR_BOUND)
        return Seen(Result.MET, rate_per_s)

    found = search(try_rate, start_per_s=start)
    assert found.kind is Kind.GENERATOR_BOUND
    assert found.interval.high_per_s == math.inf
    assert found.held_per_s <= offered_max < found.held_per_s * 1.05


def test_a_service_that_breaks_down_under_overload_is_not_underrated():
    """What it carries when overloaded, a tenth, is a guess that trials correct."""

    def try_rate(rate_per_s):
        return Seen(Result.MET) if rate_per_s <= 500 else Seen(Result.MISSED, 50.0)

    found = search(try_rate, start_per_s=400.0)
    assert found.interval.low_per_s <= 500 < found.interval.high_per_s
    assert found.kind is Kind.FOUND


@given(
    st.lists(st.sampled_from(Result), min_size=1, max_size=50),
    st.integers(1, 20),
    st.floats(0.5, 20),
)
def test_whatever_trials_say_trials_and_time_are_bounded(results, trials_max, trial_s):
    clock, turn = [0.0], [0]

    def try_rate(rate_per_s):
        assert FLOOR <= rate_per_s <= CEILING
        assert clock[0] < 60
        clock[0] += trial_s
        turn[0] += 1
        return Seen(results[turn[0] % len(results)], rate_per_s / 2)

    bounds = limits(trials_max=trials_max, time_max_s=60)
    found = find_capacity(try_rate, bounds, lambda: clock[0])
    assert len(found.trials) <= trials_max
    assert 0 <= found.interval.low_per_s < found.interval.high_per_s


def flipped(service, share, rng):
    """Tells the opposite now and then."""

    def try_rate(rate_per_s):
        seen = service(rate_per_s)
        if rng.random() >= share:
            return seen
        other = Result.MET if seen.result is Result.MISSED else Result.MISSED
        return Seen(other, seen.reached_per_s)

    return try_rate


def hits(share, **more):
    """In how many of 200 searches the interval holds the capacity."""
    count = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        capacity = rng.uniform(50, 2_000)
        found = search(flipped(quota(capacity), share, rng), **more)
        count += found.interval.low_per_s <= capacity < found.interval.high_per_s
    return count


def test_one_trial_in_twenty_that_lies_hardly_ever_misleads():
    assert hits(0.05) >= 190


def test_planted_believing_every_trial_is_misled_more_often(monkeypatch):
    monkeypatch.setattr("loadtests.capacity.search.SLACK", 0)
    assert hits(0.05) < 180


def mm1(service_per_s, p99_max_s, seconds, rng):
    """One server, random arrivals and service times: the p99 of a trial's waiting scatters."""

    def try_rate(rate_per_s):
        count = int(rate_per_s * seconds)
        gaps_s = rng.exponential(1 / rate_per_s, count)
        services_s = rng.exponential(1 / service_per_s, count)
        # Lindley: what waits at each arrival is the highest climb of (service - gap) so far.
        climb = np.cumsum(services_s - gaps_s)
        wait_s = climb - np.minimum.accumulate(np.minimum(climb, 0))
        is_met = np.quantile(wait_s, 0.99) <= p99_max_s
        return Seen(Result.MET if is_met else Result.MISSED, min(rate_per_s, service_per_s))

    return try_rate


def share_met(rate_per_s, rng):
    service = mm1(1_000, 0.05, 10, rng)
    return sum(service(rate_per_s).result is Result.MET for _ in range(30)) / 30


def test_a_queue_with_noise_is_found_where_trials_begin_to_be_missed():
    # p99 of M/M/1 is ln(100) / (service - arrivals): 50 ms at 908 a second, in the long run.
    expected = 1_000 - math.log(100) / 0.05
    rng = np.random.default_rng(1)
    found = [search(mm1(1_000, 0.05, 10, rng), start_per_s=500.0) for _ in range(20)]
    for each in found:
        assert each.interval.low_per_s > 0.9 * expected
        assert each.interval.high_per_s < 1.1 * expected
        # The ends are where nearly every trial is met, or missed, or beyond.
        assert share_met(each.interval.low_per_s, rng) > 0.1
        assert share_met(each.interval.high_per_s, rng) < 0.9


def test_the_interval_holds_every_threshold_that_one_trial_more_contradicts():
    def trials(**rates):
        return [
            Trial(float(rate[1:]), Seen(Result.MET if m == "1" else Result.MISSED))
            for rate, marks in rates.items()
            for m in marks
        ]

    assert interval_of(trials(r100="1", r200="0"), slack=0) == Interval(100, 200)
    assert interval_of(trials(r100="1", r200="0"), slack=1) == Interval(0, math.inf)
    assert interval_of(trials(r100="11", r200="00"), slack=1) == Interval(100, 200)
    assert interval_of(trials(r100="11", r150="10", r200="00"), slack=0) == Interval(100, 200)
    assert interval_of(trials(r100="0", r150="1", r200="0"), slack=0) == Interval(0, 200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"floor_per_s": 0.0},
        {"start_per_s": 5.0},
        {"ceiling_per_s": 50.0},
        {"ceiling_per_s": math.inf},
        {"precision": 0.0},
        {"trials_max": 0},
    ],
)
def test_limits_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="want"):
        limits(**wrong)
