"""The circuit breaker against a model too plain to be wrong, on a virtual clock.

The planted bugs show that the comparison can fail.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.clock import VirtualClock
from reference.providers.breaker import Breaker, Tolerance

TOLERANCE = Tolerance(failures_max=2, open_first_s=1.0, open_max_s=4.0)

# Calls may overlap: each step begins a call, ends the oldest one, or lets time pass.
STEPS = st.lists(
    st.one_of(
        st.just(("begin",)),
        st.tuples(st.just("end"), st.booleans()),
        st.just(("withdraw",)),
        st.tuples(st.just("wait"), st.sampled_from([0.5, 1.0, 4.0])),
    ),
    max_size=30,
)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def breaker(clock):
    return Breaker(clock, TOLERANCE)


def fail(breaker, times=1):
    for _ in range(times):
        permit = breaker.admit()
        assert permit is not None
        state = breaker.record(permit, is_working=False)
    return state


def succeed(breaker):
    return breaker.record(breaker.admit(), is_working=True)


def test_failures_in_a_row_open_it_and_a_success_between_starts_the_count_anew(breaker):
    assert fail(breaker) is None
    assert succeed(breaker) is None
    assert fail(breaker) is None
    assert fail(breaker) == "open"
    assert breaker.admit() is None


def test_when_its_time_is_over_one_call_may_try_and_its_success_closes_it(breaker, clock):
    fail(breaker, 2)
    clock.advance(1.0)
    permit = breaker.admit()
    assert permit is not None
    assert breaker.admit() is None
    assert breaker.record(permit, is_working=True) == "closed"
    assert breaker.admit() is not None


def test_each_failed_trial_keeps_it_open_twice_as_long_up_to_a_limit(breaker, clock):
    fail(breaker, 2)
    for lasts_s in (1.0, 2.0, 4.0, 4.0):
        clock.advance(lasts_s - 0.001)
        assert breaker.admit() is None
        clock.advance(0.001)
        assert fail(breaker) == "open"


def test_after_it_closed_the_next_opening_is_short_again(breaker, clock):
    fail(breaker, 2)
    clock.advance(1.0)
    fail(breaker)
    clock.advance(2.0)
    succeed(breaker)
    fail(breaker, 2)
    clock.advance(1.0)
    assert breaker.admit() is not None


def test_a_late_result_says_nothing_of_now(breaker, clock):
    early = breaker.admit()
    fail(breaker, 2)
    assert breaker.record(early, is_working=True) is None
    assert breaker.admit() is None
    clock.advance(1.0)
    succeed(breaker)
    assert breaker.record(early, is_working=False) is None
    assert breaker.admits


def test_a_trial_that_is_withdrawn_leaves_the_trial_to_another(breaker, clock):
    fail(breaker, 2)
    clock.advance(1.0)
    breaker.withdraw(breaker.admit())
    assert breaker.admit() is not None


class Model:
    """What must be true of any history, told without eras."""

    def __init__(self, clock):
        self.clock = clock
        self.state = "closed"
        self.changes = 0
        self.row = self.openings = 0
        self.until_s = 0.0

    def become(self, state):
        self.state = state
        self.changes += 1
        self.row = 0

    def admit(self):
        if self.state == "open" and self.clock.now_s() >= self.until_s:
            self.become("half-open")
            return self.changes
        return self.changes if self.state == "closed" else None

    def end(self, permit, *, is_working):
        if permit != self.changes:
            return
        if is_working:
            self.row = 0
            if self.state == "half-open":
                self.openings = 0
                self.become("closed")
            return
        self.row += 1
        if self.state == "half-open" or self.row == TOLERANCE.failures_max:
            self.until_s = self.clock.now_s() + min(4.0, 1.0 * 2**self.openings)
            self.openings += 1
            self.become("open")

    def withdraw(self, permit):
        if permit == self.changes and self.state == "half-open":
            self.become("open")


def agrees(breaker_type, steps):
    clock = VirtualClock()
    breaker, model = breaker_type(clock, TOLERANCE), Model(clock)
    begun = []
    for step, *value in steps:
        match step:
            case "begin":
                permits = breaker.admit(), model.admit()
                if (permits[0] is None) != (permits[1] is None):
                    return False
                if permits[0] is not None:
                    begun.append(permits)
            case "end" if begun:
                ours, models = begun.pop(0)
                breaker.record(ours, is_working=value[0])
                model.end(models, is_working=value[0])
            case "withdraw" if begun:
                ours, models = begun.pop(0)
                breaker.withdraw(ours)
                model.withdraw(models)
            case "wait":
                clock.advance(value[0])
    return breaker.admits == (model.state == "closed")


@given(STEPS)
def test_agrees_with_the_model(steps):
    assert agrees(Breaker, steps)


class NeverTries(Breaker):
    """Planted bug: once open, open for ever."""

    def admit(self):
        return self._era if self._state == "closed" else None


class LetsAllTry(Breaker):
    """Planted bug: when its time is over, everybody may try at once."""

    def admit(self):
        permit = super().admit()
        return self._era if self._state == "half-open" else permit


class BelievesTheLate(Breaker):
    """Planted bug: a success that began before it opened closes it."""

    def record(self, permit, *, is_working):
        return super().record(self._era if is_working else permit, is_working=is_working)


class ForgetsNothing(Breaker):
    """Planted bug: a success does not end a row of failures."""

    def record(self, permit, *, is_working):
        failures = self._failures
        state = super().record(permit, is_working=is_working)
        if is_working and state is None:
            self._failures = failures
        return state


BEGIN, FAIL, SUCCEED = ("begin",), ("end", False), ("end", True)
OPENED = [BEGIN, FAIL, BEGIN, FAIL]


@pytest.mark.parametrize(
    ("planted", "steps"),
    [
        (NeverTries, [*OPENED, ("wait", 1.0), BEGIN]),
        (LetsAllTry, [*OPENED, ("wait", 1.0), BEGIN, BEGIN]),
        # The third call began before it opened, and ends during the trial.
        (
            BelievesTheLate,
            [BEGIN, BEGIN, BEGIN, FAIL, FAIL, ("wait", 1.0), BEGIN, SUCCEED],
        ),
        (ForgetsNothing, [BEGIN, FAIL, BEGIN, SUCCEED, BEGIN, FAIL]),
    ],
)
def test_a_planted_bug_is_seen(planted, steps):
    assert not agrees(planted, steps)
    assert agrees(Breaker, steps)
