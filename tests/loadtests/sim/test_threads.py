"""Simulated threads against what the machine's do, and what a kill does to them."""

import queue
import random

import pytest
from greenlet import getcurrent

from loadtests.sim.scheduler import Process, Scheduler
from loadtests.sim.threads import TURN_S_MAX, Parked, SimThreads
from reference.clock import VirtualClock


@pytest.fixture
def scheduler():
    return Scheduler(VirtualClock())


@pytest.fixture
def process(scheduler):
    return Process(scheduler, "p")


@pytest.fixture
def threads(process):
    return SimThreads(process, random.Random(1))


def run(scheduler, seconds=100):
    scheduler.run(deadline_s=scheduler.clock.now_s() + seconds)


def test_a_lock_is_held_by_one_thread_at_a_time(scheduler, threads):
    lock, inside, seen = threads.lock(), [0], []

    def work():
        with lock:
            inside[0] += 1
            seen.append(inside[0])
            threads.lose_turn()
            inside[0] -= 1

    for n in range(5):
        threads.start(work, name=f"t{n}")
    run(scheduler)
    assert seen == [1] * 5


def test_an_event_wakes_all_who_wait_and_a_wait_can_time_out(scheduler, threads):
    event, seen = threads.event(), []

    def wait(timeout_s):
        is_set = event.wait(timeout_s)
        seen.append((timeout_s, is_set, round(scheduler.clock.now_s())))

    for timeout_s in (None, 2.0, 30.0):
        threads.start(wait, timeout_s, name="w")
    threads.process.call_at(10, event.set)
    run(scheduler)
    assert sorted(seen, key=str) == [(2.0, False, 2), (30.0, True, 10), (None, True, 10)]


def test_a_condition_is_asked_again_at_each_notice(scheduler, threads):
    condition, count, seen = threads.condition(), [3], []

    def wait(limit, timeout_s):
        with condition:
            seen.append((limit, condition.wait_for(lambda: count[0] < limit, timeout_s)))

    def work():
        for _ in range(2):
            Parked(threads, 1.0).wait()
            with condition:
                count[0] -= 1
                condition.notify_all()

    for limit in (3, 2, 1):
        threads.start(wait, limit, 5.0, name="w")
    threads.start(work, name="w")
    run(scheduler)
    assert seen == [(3, True), (2, True), (1, False)]


def test_an_inbox_gives_each_item_to_one_thread(scheduler, threads):
    inbox, seen = threads.inbox(), []

    def take():
        try:
            while True:
                seen.append(inbox.get(timeout=3.0))
        except queue.Empty:
            seen.append("empty")

    for n in range(3):
        threads.start(take, name=f"t{n}")
    for item in range(10):
        threads.process.call_at(1 + item / 10, inbox.put, item)
    run(scheduler)
    assert sorted(seen, key=str) == [*range(10), *["empty"] * 3]


def test_a_pool_works_on_as_many_jobs_at_once_as_it_has_threads(scheduler, threads):
    pool, running, most, done = threads.pool(3, name="p"), [0], [0], []

    def job(n):
        running[0] += 1
        most[0] = max(most[0], running[0])
        Parked(threads, 1.0).wait()
        running[0] -= 1
        done.append(n)

    for n in range(10):
        pool.submit(job, n)
    run(scheduler)
    assert sorted(done) == list(range(10))
    assert most[0] == 3


def test_a_pool_that_is_shut_finishes_what_runs_and_may_drop_the_rest(scheduler, threads):
    pool, done = threads.pool(1, name="p"), []

    def job(n):
        Parked(threads, 1.0).wait()
        done.append(n)

    def end():
        pool.shutdown(wait=True, cancel_futures=True)
        done.append("shut")

    for n in range(3):
        pool.submit(job, n)
    threads.process.call_at(0.5, lambda: threads.start(end, name="e"))
    run(scheduler)
    assert done == [0, "shut"]
    with pytest.raises(RuntimeError):
        pool.submit(job, 9)


def test_a_thread_that_ended_can_be_joined_in_time_or_not(scheduler, threads):
    seen = []
    worker = threads.start(lambda: Parked(threads, 5.0).wait(), name="w")

    def join():
        worker.join(1.0)
        seen.append(round(scheduler.clock.now_s()))
        worker.join()
        seen.append(round(scheduler.clock.now_s()))

    threads.start(join, name="j")
    run(scheduler)
    assert seen == [1, 5]


def test_what_carried_a_thread_that_ended_carries_the_next(scheduler, threads):
    carriers = []

    def work():
        carriers.append(getcurrent())
        Parked(threads, 1.0).wait()

    for _ in range(5):
        for n in range(3):
            threads.start(work, name=f"t{n}")
        run(scheduler)
    assert len(carriers) == 15
    assert len(set(carriers)) == 3


def test_the_killed_do_not_even_run_their_finally(scheduler, process, threads):
    seen = []

    def work():
        try:
            Parked(threads, 5.0).wait()
            seen.append("went on")
        finally:
            seen.append("finally")

    threads.start(work, name="w")
    process.call_at(1, process.kill)
    run(scheduler)
    assert seen == []


def test_the_turns_of_a_seed_are_always_the_same():
    def order(seed):
        scheduler = Scheduler(VirtualClock())
        threads = SimThreads(Process(scheduler, "p"), random.Random(seed))
        seen = []

        def work(n):
            for _ in range(3):
                threads.lose_turn()
                seen.append(n)

        for n in range(4):
            threads.start(work, n, name="t")
        run(scheduler)
        return seen

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(10)}) > 1


def test_a_turn_comes_soon(threads):
    assert all(0 <= threads.turn_s() <= TURN_S_MAX for _ in range(100))
