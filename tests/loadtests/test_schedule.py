"""The open-model schedule: the seed and the clock decide, answers never do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.schedule import Schedule
from scenarios.arrivals import Arrival
from scenarios.model import Retries

TIMES = st.lists(st.floats(0, 100), max_size=30).map(sorted)
RETRIES = Retries(attempts_max=3, backoff_s=1, backoff_max_s=10)


def arrivals(times_s):
    return iter([Arrival(n, at_s, f"k{n}", "g") for n, at_s in enumerate(times_s)])


def take_all(schedule):
    taken = []
    while schedule.next_due_s() is not None:
        taken.append(schedule.take())
        schedule.finish()
    return taken


@given(TIMES, TIMES)
def test_every_arrival_is_due_once_in_order_of_time(sends, receives):
    schedule = Schedule({"send": arrivals(sends), "receive": arrivals(receives)}, RETRIES, 1)
    taken = take_all(schedule)
    assert [a.due_s for a in taken] == sorted(sends + receives)
    assert [a.number for a in taken if a.action == "send"] == list(range(len(sends)))
    assert schedule.exhausted


def test_it_is_not_exhausted_while_an_attempt_could_still_be_retried():
    schedule = Schedule({"send": arrivals([0])}, RETRIES, 1)
    attempt = schedule.take()
    assert not schedule.exhausted
    assert schedule.retry(attempt, now_s=5)
    schedule.finish()
    assert not schedule.exhausted
    assert schedule.take().attempt == 2


@given(st.integers(0, 1000))
def test_pauses_double_with_jitter_and_the_last_attempt_is_the_last(seed):
    schedule = Schedule({"send": arrivals([0])}, RETRIES, seed)
    first = schedule.take()
    assert schedule.retry(first, now_s=10)
    second = schedule.take()
    assert 10.5 <= second.due_s <= 11
    assert schedule.retry(second, now_s=20)
    third = schedule.take()
    assert 21 <= third.due_s <= 22
    assert not schedule.retry(third, now_s=30)


def test_the_server_s_retry_after_is_kept_within_the_ceiling():
    schedule = Schedule({"send": arrivals([0, 0])}, RETRIES, 1)
    first, second = schedule.take(), schedule.take()
    schedule.retry(first, now_s=0, not_before_s=4)
    assert schedule.take().due_s == 4
    schedule.retry(second, now_s=0, not_before_s=4_000)
    assert schedule.take().due_s == 10


@given(TIMES)
def test_same_seed_retries_at_the_same_times(times_s):
    def retried(seed):
        schedule = Schedule({"send": arrivals(times_s)}, RETRIES, seed)
        for attempt in [schedule.take() for _ in times_s]:
            schedule.retry(attempt, now_s=attempt.due_s)
        return take_all(schedule)

    assert retried(3) == retried(3)


def test_arrivals_are_drawn_lazily():
    def endless():
        n = 0
        while True:
            yield Arrival(n, float(n), f"k{n}", "g")
            n += 1

    schedule = Schedule({"send": endless()}, RETRIES, 1)
    assert [schedule.take().number for _ in range(5)] == [0, 1, 2, 3, 4]


def test_empty_schedule_is_exhausted():
    schedule = Schedule({"send": arrivals([])}, RETRIES, 1)
    assert schedule.exhausted
    with pytest.raises(IndexError):
        schedule.take()
