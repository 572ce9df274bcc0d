"""The search for a capacity: bracket it, narrow the bracket, confirm both its ends.

    rate -> try_rate -> met | missed | generator-bound -> ... -> Capacity with an interval

Trials are noisy: one below the capacity may be missed, one above it met. So no single trial
decides. Every threshold between "met" and "missed" contradicts some trials: those missed below
it and those met above it. The best thresholds contradict the fewest; the interval that is
reported holds all that contradict at most SLACK trials more. Without noise this means that
both ends of a narrow bracket are tried twice; with noise the interval becomes wider, not wrong.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

SLACK = 1  # contradicted trials beyond the fewest that a threshold of the interval may have
FLOOR_TRIALS = 2  # missed at the lowest rate, until it is believed


class Result(StrEnum):
    """What a trial showed about its rate."""

    MET = "met"
    MISSED = "missed"
    GENERATOR_BOUND = "generator-bound"  # the rate was not offered: nothing is known of the service


class Kind(StrEnum):
    """How a search ended."""

    FOUND = "found"
    AT_LEAST = "at-least"  # the highest rate that was allowed is met
    GENERATOR_BOUND = "generator-bound"  # the highest rate that could be offered is met
    BELOW_FLOOR = "below-floor"  # not even the lowest rate is met
    OUT_OF_TRIALS = "out-of-trials"  # the interval is wider than was asked for


@dataclass(frozen=True)
class Seen:
    """What `try_rate` tells of one trial."""

    result: Result
    reached_per_s: float | None = None  # what the service really carried, where that is known


@dataclass(frozen=True)
class Trial:
    rate_per_s: float
    seen: Seen


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where to search, how closely, and for how long."""

    start_per_s: float
    floor_per_s: float
    ceiling_per_s: float
    precision: float = 0.02  # width of the interval as a share of its upper end
    trials_max: int = 16
    time_max_s: float = math.inf

    def __post_init__(self) -> None:
        if not 0 < self.floor_per_s <= self.start_per_s <= self.ceiling_per_s < math.inf:
            raise ValueError(
                f"floor {self.floor_per_s:g}, start {self.start_per_s:g}, ceiling "
                f"{self.ceiling_per_s:g}: want 0 < floor <= start <= ceiling"
            )
        if not 0 < self.precision < 1 or self.trials_max < 1:
            raise ValueError("want a precision between 0 and 1, and at least one trial")


@dataclass(frozen=True)
class Interval:
    """The capacity is at least `low` and less than `high`; infinity where nothing bounds it."""

    low_per_s: float
    high_per_s: float

    def is_within(self, precision: float) -> bool:
        if self.high_per_s == math.inf:
            return False
        return self.high_per_s - self.low_per_s <= precision * self.high_per_s * (1 + 1e-9)


@dataclass(frozen=True)
class Capacity:
    """What a search found."""

    kind: Kind
    interval: Interval
    trials: tuple[Trial, ...]

    @property
    def held_per_s(self) -> float:
        """The highest rate that is believed to be met; 0 when none is."""
        return interval_of(self.trials, slack=0).low_per_s


def find_capacity(
    try_rate: Callable[[float], Seen], limits: Limits, now_s: Callable[[], float]
) -> Capacity:
    """Try rates until the capacity is known as closely as asked for, or the limits are reached.

    Begins no trial once `limits.time_max_s` have passed on the clock `now_s`.
    """
    trials: list[Trial] = []
    end_s = now_s() + limits.time_max_s
    while (rate_per_s := _next_rate(trials, limits)) is not None:
        if len(trials) >= limits.trials_max or now_s() >= end_s:
            return Capacity(Kind.OUT_OF_TRIALS, _reported(trials), tuple(trials))
        trials.append(Trial(rate_per_s, try_rate(rate_per_s)))
    return Capacity(_kind(trials), _reported(trials), tuple(trials))


def interval_of(trials: Sequence[Trial], slack: int) -> Interval:
    """All thresholds that contradict at most `slack` trials more than the best do.

    What could not be offered counts like what was missed: both bound the search from above.
    """
    rates = sorted({trial.rate_per_s for trial in trials})
    edges = [0.0, *rates, math.inf]
    costs = [_contradicted(trials, edge) for edge in edges[:-1]]
    believed = [n for n, each in enumerate(costs) if each <= min(costs) + slack]
    return Interval(edges[believed[0]], edges[believed[-1] + 1])


def _contradicted(trials: Sequence[Trial], threshold_per_s: float) -> int:
    """Trials that are wrong if rates up to the threshold are held, and none above it."""
    return sum(
        (trial.rate_per_s <= threshold_per_s) != (trial.seen.result is Result.MET)
        for trial in trials
    )


def _next_rate(trials: Sequence[Trial], limits: Limits) -> float | None:
    """None when no further trial is needed."""
    if not trials:
        return limits.start_per_s
    best = interval_of(trials, slack=0)
    if best.high_per_s == math.inf:
        highest = max(trial.rate_per_s for trial in trials)
        return None if highest >= limits.ceiling_per_s else min(highest * 2, limits.ceiling_per_s)
    if best.low_per_s == 0:
        return _lower(trials, best.high_per_s, limits)
    if not best.is_within(limits.precision):
        return _between(trials, best, limits)
    sure = interval_of(trials, SLACK)
    if sure.is_within(limits.precision):
        return None
    # One of the ends hangs on too few trials: the one with fewer of them is tried again.
    ends = []
    if sure.low_per_s < best.low_per_s:
        ends.append(best.low_per_s)
    if sure.high_per_s > best.high_per_s:
        ends.append(best.high_per_s)
    return min(ends, key=lambda end: _count(trials, end))


def _lower(trials: Sequence[Trial], lowest_per_s: float, limits: Limits) -> float | None:
    if lowest_per_s > limits.floor_per_s:
        guesses = [guess for guess in _guesses(trials, limits) if guess < lowest_per_s]
        return max([limits.floor_per_s, *(guesses[:1] or [lowest_per_s / 2])])
    return limits.floor_per_s if _count(trials, limits.floor_per_s) < FLOOR_TRIALS else None


def _between(trials: Sequence[Trial], best: Interval, limits: Limits) -> float:
    """Close to what an overloaded service really carried, or else in the middle."""
    margin = limits.precision / 4
    for guess in _guesses(trials, limits):
        if best.low_per_s * (1 + margin) < guess < best.high_per_s * (1 - margin):
            return guess
    return (best.low_per_s + best.high_per_s) / 2


def _guesses(trials: Sequence[Trial], limits: Limits) -> list[float]:
    """Two rates around what the least overloaded trial carried, so far apart as is wanted.

    Guesses only: a service that breaks down under overload carries less than its capacity then.
    """
    missed = [
        trial for trial in trials if trial.seen.result is Result.MISSED and trial.seen.reached_per_s
    ]
    if not missed:
        return []
    reached = min(missed, key=lambda trial: trial.rate_per_s).seen.reached_per_s
    assert reached is not None
    half = limits.precision / 2
    return [reached * (1 - half), reached * (1 + half)]


def _count(trials: Sequence[Trial], rate_per_s: float) -> int:
    return sum(trial.rate_per_s == rate_per_s for trial in trials)


def _is_bound_by_generator(trials: Sequence[Trial]) -> bool:
    """Whether no trial near the upper end says that the service missed."""
    high_per_s = interval_of(trials, slack=0).high_per_s
    results = {trial.seen.result for trial in trials if trial.rate_per_s == high_per_s}
    return Result.GENERATOR_BOUND in results and Result.MISSED not in results


def _reported(trials: Sequence[Trial]) -> Interval:
    """Rates that could not be offered are no upper end of what the service holds."""
    found = interval_of(trials, SLACK)
    return Interval(found.low_per_s, math.inf) if _is_bound_by_generator(trials) else found


def _kind(trials: Sequence[Trial]) -> Kind:
    best = interval_of(trials, slack=0)
    if best.high_per_s == math.inf:
        return Kind.AT_LEAST
    if _is_bound_by_generator(trials):
        return Kind.GENERATOR_BOUND
    return Kind.BELOW_FLOOR if best.low_per_s == 0 else Kind.FOUND
