"""The scaler on a virtual clock, against the curve that AWS documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.clock import VirtualClock
from reference.cloud.lambda_trigger.mapping import Mapping, Pollers
from reference.cloud.lambda_trigger.scaling import FastClock, PollPace, Scaler


def scaler_of(**settings):
    clock = VirtualClock()
    return clock, Scaler(clock, Mapping(is_fifo=False, **settings))


def run(clock, scaler, seconds, *, busy=1, waiting=0):
    for _ in range(round(seconds * 10)):
        clock.advance(0.1)
        scaler.observe(busy=busy, waiting=waiting)
    return scaler.limit


@pytest.mark.parametrize(
    ("settings", "curve"),
    [
        ({}, {0: 5, 1: 10, 30: 155, 60: 305, 240: 1_205, 300: 1_250}),
        ({"maximum_concurrency": 2}, {0: 2, 60: 2}),
        ({"maximum_concurrency": 100}, {0: 5, 19: 100, 60: 100}),
        ({"pollers": Pollers(2, 200)}, {0: 20, 60: 1_020, 120: 2_000, 180: 2_000}),
        ({"pollers": Pollers(2, 2)}, {0: 20, 60: 20}),
        ({"pollers": Pollers(200, 2_000)}, {0: 2_000, 1080: 20_000, 1200: 20_000}),
    ],
)
def test_with_messages_left_it_grows_as_documented(settings, curve):
    clock, scaler = scaler_of(**settings)
    at_s = 0
    for until_s, limit in curve.items():
        assert run(clock, scaler, until_s - at_s) == pytest.approx(limit, abs=1), until_s
        at_s = until_s


def test_it_shrinks_with_the_traffic_and_in_quiet_times_to_two():
    clock, scaler = scaler_of()
    run(clock, scaler, 60)
    assert run(clock, scaler, 30, waiting=1) == pytest.approx(155, abs=1)
    assert run(clock, scaler, 60, waiting=1) == 5
    assert run(clock, scaler, 59, busy=0, waiting=5) == 5
    assert run(clock, scaler, 5, busy=0, waiting=5) == 2
    # With the first message the five are back.
    assert run(clock, scaler, 0.1) >= 5


def test_with_a_maximum_concurrency_five_go_on_polling():
    clock, scaler = scaler_of(maximum_concurrency=10)
    assert run(clock, scaler, 300, busy=0, waiting=5) == 5


def test_a_setback_halves_it_once_a_second_and_it_grows_again():
    clock, scaler = scaler_of()
    run(clock, scaler, 19)
    assert scaler.limit == 100
    for _ in range(10):
        scaler.set_back()
    assert scaler.limit == 50
    assert run(clock, scaler, 4.8) == 50
    assert run(clock, scaler, 10.2) == pytest.approx(100, abs=2)
    for _ in range(20):
        clock.advance(1)
        scaler.set_back()
    assert scaler.limit == 1


def test_provisioned_pollers_poll_ten_times_a_second_and_carry_a_megabyte_each():
    clock = VirtualClock()
    pace = PollPace(clock)
    waits = [pace.begin_in_s(2) for _ in range(21)]
    assert waits[0] == 0
    assert waits[20] == pytest.approx(1.0)
    clock.advance(5)
    assert pace.begin_in_s(2) == 0
    pace.carried(1024 * 1024, 2)
    assert pace.begin_in_s(2) == pytest.approx(0.5 + 0.05)


def test_a_poller_has_ten_invocations_and_without_provisioned_mode_each_slot_polls():
    clock, scaler = scaler_of(pollers=Pollers(3, 20))
    assert (scaler.limit, scaler.pollers) == (30, 3)
    assert run(clock, scaler, 60) == 200
    assert scaler.pollers == 20
    assert scaler_of()[1].pollers == 5


def test_a_fast_clock_shows_a_minute_in_a_second():
    clock = VirtualClock()
    scaler = Scaler(FastClock(clock, 60), Mapping(is_fifo=False))
    assert run(clock, scaler, 1) == pytest.approx(305, abs=1)


STEPS = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=90),
        st.integers(min_value=0, max_value=3),
        st.integers(min_value=0, max_value=3),
        st.booleans(),
    ),
    max_size=40,
)
SETTINGS = st.sampled_from(
    [{}, {"maximum_concurrency": 2}, {"maximum_concurrency": 700}, {"pollers": Pollers(3, 40)}]
)


@given(SETTINGS, STEPS)
def test_whatever_happens_it_stays_within_its_bounds_and_never_outruns_the_curve(settings, steps):
    clock, scaler = scaler_of(**settings)
    per_s = 1_000 / 60 if "pollers" in settings else 300 / 60
    most = {**dict.fromkeys(["pollers"], 400)}.get(
        next(iter(settings), ""), settings.get("maximum_concurrency", 1_250)
    )
    start = scaler.limit
    for seconds, busy, waiting, is_throttled in steps:
        before = scaler.limit
        clock.advance(seconds)
        scaler.observe(busy=busy, waiting=waiting)
        if is_throttled:
            scaler.set_back()
        assert 1 <= scaler.limit <= most
        assert scaler.limit <= max(before, start) + per_s * seconds + 1
