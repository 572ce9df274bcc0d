"""Fair queues: MessageGroupId on a standard queue, on a virtual clock."""

import tracemalloc

import pytest

from reference.clock import VirtualClock
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.fair import FairOrdering
from reference.cloud.sqs.message import Outgoing


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def queue(clock):
    return Engine(clock).create_queue("q")


def send(queue, tenant, count):
    for _ in range(count):
        queue.send(Outgoing("m", 1, tenant))


def receive(queue, count):
    """The tenants of the next messages, and their handles."""
    received = []
    while len(received) < count and (more := queue.receive(min(10, count - len(received)))):
        received += more
    return [each.message.group for each in received], [each.receipt_handle for each in received]


def quiet_goes_first(queue):
    """Whether a quiet tenant's message overtakes a noisy tenant's backlog."""
    send(queue, "loud", 100)
    receive(queue, 40)
    send(queue, "quiet", 1)
    return receive(queue, 1)[0] == ["quiet"]


def test_a_quiet_tenants_message_overtakes_a_noisy_tenants_backlog(queue):
    assert quiet_goes_first(queue)
    assert queue.depth().noisy_groups == 1


def test_an_ordering_without_fairness_is_noticed(queue, monkeypatch):
    monkeypatch.setattr(FairOrdering, "_tenant", lambda ordering, message: None)
    assert not quiet_goes_first(queue)


def test_a_tenant_with_fewer_than_30_in_flight_is_not_noisy(queue):
    send(queue, "loud", 100)
    receive(queue, 29)
    send(queue, "quiet", 1)
    assert receive(queue, 1)[0] == ["loud"]
    assert queue.depth().noisy_groups == 1, "that receive was its 30th"


def test_a_tenant_with_no_more_than_a_tenth_in_flight_is_not_noisy(queue):
    send(queue, None, 400)
    receive(queue, 400)
    send(queue, "small", 40)
    receive(queue, 40)
    assert queue.depth().noisy_groups == 0


def test_among_noisy_tenants_the_one_with_the_fewest_in_flight_is_next(queue):
    for tenant, in_flight in (("a", 50), ("b", 40)):
        send(queue, tenant, in_flight)
        receive(queue, in_flight)
    for tenant in "ab":
        send(queue, tenant, 5)
    assert receive(queue, 5)[0] == ["b"] * 5


def test_no_lock_and_nothing_lost_whoever_is_noisy(queue):
    for n in range(200):
        send(queue, "loud" if n % 4 else f"tenant-{n}", 1)
    tenants, handles = receive(queue, 1000)
    assert len(tenants) == 200
    for handle in handles:
        queue.delete(handle)
    assert queue.depth()[:2] == (0, 0)
    assert queue.depth().noisy_groups == 0, "its backlog is drained"


def test_a_tenant_that_sent_nothing_for_five_minutes_is_quiet_again(queue, clock):
    send(queue, "loud", 60)
    _, handles = receive(queue, 40)
    for handle in handles:
        queue.change_visibility(handle, 1000)
    clock.advance(299)
    assert queue.depth().noisy_groups == 1
    clock.advance(1)
    assert queue.depth().noisy_groups == 0
    assert len(receive(queue, 100)[0]) == 20


def test_messages_of_a_noisy_tenant_come_back_after_their_timeout(queue, clock):
    send(queue, "loud", 60)
    receive(queue, 60)
    clock.advance(30)
    assert len(receive(queue, 100)[0]) == 60


def test_tenants_whose_messages_are_gone_are_forgotten(queue):
    def life(first, last):
        for n in range(first, last):
            send(queue, f"tenant-{n}", 1)
            _, (handle,) = receive(queue, 1)
            queue.delete(handle)

    life(0, 500)
    tracemalloc.start()
    try:
        life(500, 5_500)
        size_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # 145 bytes and more for each tenant would be 700 KB; outdated times are below 200 KB.
    assert size_bytes < 300_000


def test_a_noisy_tenant_that_was_drained_is_forgotten_too(queue):
    send(queue, "loud", 40)
    _, handles = receive(queue, 40)
    for handle in handles:
        queue.delete(handle)
    assert queue.depth().noisy_groups == 0
    assert not queue.lives.ordering._tenants
