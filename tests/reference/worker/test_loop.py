"""The worker's threads, over the model queue and the real clock."""

import threading
import time

import pytest

from reference.clock import MonotonicClock
from reference.errors import QueueError, transient_refusal
from reference.worker.loop import Pace, Source, Worker

TIMEOUT_S = 30


@pytest.fixture
def make_worker(world):
    """A worker on the world's queue and provider, but with the machine's clock."""
    world.queue.clock = MonotonicClock()
    workers = []

    def make(**pace):
        worker = Worker(
            sources=[Source(polls=world.queue, calls=world.queue)],
            providers=world.providers,
            journal=world.journal,
            clock=world.queue.clock,
            pace=Pace(**{"visibility_s": 30, "wait_s": 0, "pollers": 1, "senders": 4, **pace}),
        )
        workers.append(worker)
        worker.start()
        return worker

    yield make
    for worker in workers:
        worker.drain()


def wait_until(condition):
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_everything_is_sent_and_deleted_in_order(world, make_worker):
    for number in range(60):
        world.queue.put(f"{number:02}", group=f"g{number % 7}")
    make_worker()
    wait_until(lambda: world.queue.keys() == [])
    for group in range(7):
        sent = [key for key in world.provider.sent if int(key) % 7 == group]
        assert sent == sorted(sent)
    assert sorted(world.provider.sent) == [f"{n:02}" for n in range(60)]


def test_a_fault_in_one_send_ends_neither_the_worker_nor_other_groups(world, make_worker):
    world.queue.put("a", "g")
    world.queue.put("b", "g")
    world.queue.put("x", "h")
    world.provider.scripts["a"] = [RuntimeError("s3same")]
    worker = make_worker()
    wait_until(lambda: world.provider.sent == ["x"])
    wait_until(lambda: [row["reason"] for row in world.journal.events("released")] == ["fault"] * 2)
    assert worker.drain()
    assert world.queue.keys() == ["a", "b"]


def test_failing_receives_are_tried_again(world, make_worker):
    world.queue.put("a")
    receive = world.queue.receive
    failures = [QueueError("AccessDenied", is_definite=True, is_transient=False)] * 3

    def failing(**options):
        if failures:
            raise failures.pop()
        return receive(**options)

    world.queue.receive = failing
    make_worker()
    wait_until(lambda: world.provider.sent == ["a"])


def test_a_short_visibility_is_extended_while_the_provider_is_slow(world, make_worker):
    finish = threading.Event()
    world.provider.while_sending = lambda: finish.wait(TIMEOUT_S)
    world.queue.put("a")
    make_worker(visibility_s=2)
    wait_until(lambda: len(world.journal.events("extended")) >= 2)
    finish.set()
    wait_until(lambda: world.queue.keys() == [])
    assert world.provider.sent == ["a"]


def test_a_worker_that_stops_finishes_the_send_in_hand_and_releases_the_rest(world, make_worker):
    begun, finish = threading.Event(), threading.Event()

    def slow():
        begun.set()
        finish.wait(TIMEOUT_S)

    world.provider.while_sending = slow
    for key in "abc":
        world.queue.put(key)
    worker = make_worker()
    assert begun.wait(TIMEOUT_S)
    threading.Timer(0.05, finish.set).start()
    assert worker.drain()
    assert world.provider.sent == ["a"]
    assert world.queue.keys() == ["b", "c"]
    assert [row["reason"] for row in world.journal.events("released")] == [
        "stopping",
        "out-of-turn",
    ]


def test_messages_that_arrive_while_stopping_are_given_back_at_once(world, make_worker):
    polling, answer = threading.Event(), threading.Event()
    receive = world.queue.receive

    def long_poll(**options):
        polling.set()
        answer.wait(TIMEOUT_S)
        return receive(**options)

    world.queue.receive = long_poll
    world.queue.put("a")
    worker = make_worker()
    assert polling.wait(TIMEOUT_S)
    threading.Timer(0.05, answer.set).start()
    assert worker.drain()
    assert world.provider.sent == []
    assert [m.visible_at_s <= time.monotonic() for m in world.queue.messages] == [True]


def test_a_slow_provider_slows_the_receiving_down(world, make_worker):
    finish = threading.Event()
    world.provider.while_sending = lambda: finish.wait(TIMEOUT_S)
    for number in range(50):
        world.queue.put(f"{number:02}", group=f"g{number}")
    make_worker(senders=4)
    wait_until(lambda: len(world.journal.events("received")) == 10)
    assert world.queue.messages[10].receives == 0
    finish.set()
    wait_until(lambda: world.queue.keys() == [])


def test_a_retry_comes_back_by_itself(world, make_worker):
    world.queue.put("a")
    world.provider.scripts["a"] = [transient_refusal("451")]
    make_worker()
    wait_until(lambda: world.queue.keys() == [])
    assert world.provider.sent == ["a"]
    assert [row["reason"] for row in world.journal.events("failed")] == ["transient:451"]
