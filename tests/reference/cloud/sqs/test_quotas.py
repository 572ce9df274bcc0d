"""FIFO quotas on a virtual clock: the rate that passes, what is charged, what is not."""

import pytest

from reference.clock import VirtualClock
from reference.cloud.sqs.attributes import Throughput
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.limits import OFF, STRICT
from reference.cloud.sqs.message import Outgoing
from reference.cloud.sqs.partitions import groups_named, hash_of_group, partition_of
from reference.cloud.sqs.quotas import Quotas, TokenBucket


def make_queue(clock, *, is_fifo=True):
    engine = Engine(clock)
    if is_fifo:
        return engine.create_queue("mail.fifo", {"FifoQueue": "true"})
    return engine.create_queue("mail")


def admit(quotas, queue, action, params=None):
    return quotas.admit(
        queue.name,
        queue.attributes.throughput,
        action,
        lambda: groups_named(params or {}, queue.group_of),
    )


def admitted_per_s(quotas, clock, queue, action, *, offered_per_s, seconds):
    admitted = 0
    for _ in range(int(offered_per_s * seconds)):
        admitted += admit(quotas, queue, action)
        clock.advance(1 / offered_per_s)
    return admitted / seconds


@pytest.mark.parametrize("overload", [1.3, 2.0])
@pytest.mark.parametrize("action", ["SendMessage", "ReceiveMessage", "DeleteMessage"])
def test_under_overload_300_calls_a_second_pass_within_half_a_percent(action, overload):
    clock = VirtualClock()
    quotas = Quotas(clock, STRICT)
    rate = admitted_per_s(
        quotas, clock, make_queue(clock), action, offered_per_s=300 * overload, seconds=20
    )
    assert rate == pytest.approx(300.0, rel=0.005)


def test_calls_within_the_rate_are_never_throttled():
    clock = VirtualClock()
    quotas, queue = Quotas(clock, STRICT), make_queue(clock)
    admitted_per_s(quotas, clock, queue, "SendMessage", offered_per_s=299, seconds=20)
    assert quotas.counts(queue.name)["send"].throttled == 0


def test_each_action_family_has_an_allowance_of_its_own():
    clock = VirtualClock()
    quotas, queue = Quotas(clock, STRICT), make_queue(clock)
    while admit(quotas, queue, "SendMessage"):
        pass
    assert admit(quotas, queue, "ReceiveMessage")
    assert admit(quotas, queue, "DeleteMessage")
    assert admit(quotas, queue, "ChangeMessageVisibility")
    assert not admit(quotas, queue, "SendMessageBatch"), "a batch draws on the sends' allowance"


def batch_costs_one_call(quotas_type):
    clock = VirtualClock()
    quotas, queue = quotas_type(clock, STRICT, burst_calls=10), make_queue(clock)
    return sum(admit(quotas, queue, "SendMessageBatch") for _ in range(10)) == 10


def test_a_batch_is_charged_as_one_call():
    assert batch_costs_one_call(Quotas)


class BatchChargedAsTenCalls(Quotas):
    """Planted bug."""

    def admit(self, name, throughput, action, groups):
        super_admit = super().admit
        calls = 10 if "Batch" in action else 1
        return sum(super_admit(name, throughput, action, groups) for _ in range(calls)) == calls


def test_a_batch_charged_as_ten_calls_is_noticed():
    assert not batch_costs_one_call(BatchChargedAsTenCalls)


def test_two_queues_do_not_share_an_allowance():
    clock = VirtualClock()
    engine, quotas = Engine(clock), Quotas(clock, STRICT)
    one, two = (engine.create_queue(f"{n}.fifo", {"FifoQueue": "true"}) for n in "12")
    while admit(quotas, one, "SendMessage"):
        pass
    assert admit(quotas, two, "SendMessage")


def test_standard_queues_have_no_rate_quota():
    clock = VirtualClock()
    quotas, queue = Quotas(clock, STRICT), make_queue(clock, is_fifo=False)
    assert all(admit(quotas, queue, "SendMessage") for _ in range(1000))


def test_switched_off_nothing_is_throttled_and_calls_are_still_counted():
    clock = VirtualClock()
    quotas, queue = Quotas(clock, OFF), make_queue(clock)
    assert all(admit(quotas, queue, "SendMessage") for _ in range(1000))
    assert quotas.counts(queue.name)["send"].admitted == 1000


def test_an_idle_bucket_holds_one_burst_and_not_more():
    clock = VirtualClock()
    bucket = TokenBucket(clock, rate_per_s=300, burst=12)
    clock.advance(3600)
    assert sum(bucket.take() for _ in range(100)) == 12


def test_a_burst_below_one_call_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Quotas(VirtualClock(), STRICT, burst_calls=0.5)


def test_a_queue_that_was_made_again_starts_with_a_full_allowance():
    clock = VirtualClock()
    quotas, queue = Quotas(clock, STRICT), make_queue(clock)
    while admit(quotas, queue, "SendMessage"):
        pass
    quotas.forget(queue.name)
    assert admit(quotas, queue, "SendMessage")


HIGH_THROUGHPUT = {
    "FifoQueue": "true",
    "DeduplicationScope": "messageGroup",
    "FifoThroughputLimit": "perMessageGroupId",
}


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def fast_queue(clock):
    return Engine(clock).create_queue("fast.fifo", HIGH_THROUGHPUT)


def passes(quotas, queue, calls, *, groups=("g",), action="SendMessage"):
    entries = [{"MessageGroupId": group} for group in groups]
    return sum(admit(quotas, queue, action, {"Entries": entries}) for _ in range(calls))


def test_high_throughput_needs_both_settings(clock, fast_queue):
    assert fast_queue.attributes.throughput is Throughput.PER_PARTITION
    half = Engine(clock).create_queue(
        "half.fifo", {**HIGH_THROUGHPUT, "FifoThroughputLimit": "perQueue"}
    )
    assert half.attributes.throughput is Throughput.PER_QUEUE


def test_one_hot_group_of_a_high_throughput_queue_gets_one_partitions_rate(clock, fast_queue):
    assert passes(Quotas(clock, STRICT), fast_queue, 1000) == 12


def test_many_groups_share_the_regions_rate(clock, fast_queue):
    for region, burst in (("us-east-1", 2800), ("eu-north-1", 96)):
        quotas = Quotas(clock, STRICT, region=region)
        offered = [f"group-{n}" for n in range(20_000)]
        passed = sum(passes(quotas, fast_queue, 1, groups=[group]) for group in offered)
        # Hashing fills the partitions unevenly; the region's rate is the ceiling.
        assert burst * 0.9 <= passed <= burst


def test_a_batch_over_one_partitions_quota_uses_up_no_others(clock, fast_queue):
    quotas = Quotas(clock, STRICT)
    partitions = [partition_of(hash_of_group(group), "us-east-1") for group in "ab"]
    assert partitions[0] != partitions[1]
    passes(quotas, fast_queue, 100, groups=["a"])
    assert passes(quotas, fast_queue, 100, groups=["a", "b"]) == 0
    assert passes(quotas, fast_queue, 100, groups=["b"]) == 12


def test_deletes_are_charged_to_the_partition_of_their_message(clock, fast_queue):
    for group in "ab":
        fast_queue.send(Outgoing("m", 1, group, "id"))
    first, second = fast_queue.receive(2)
    quotas = Quotas(clock, STRICT)
    params = {"ReceiptHandle": first.receipt_handle}
    assert sum(admit(quotas, fast_queue, "DeleteMessage", params) for _ in range(100)) == 12
    assert admit(quotas, fast_queue, "DeleteMessage", {"ReceiptHandle": second.receipt_handle})
    assert admit(quotas, fast_queue, "DeleteMessage", {"ReceiptHandle": "forged"})


def test_deletes_are_charged_to_the_partition_of_their_message_when_it_is_gone_too(
    clock, fast_queue
):
    fast_queue.send(Outgoing("m", 1, "g", "id"))
    (received,) = fast_queue.receive()
    fast_queue.delete(received.receipt_handle)
    quotas = Quotas(clock, STRICT)
    params = {"ReceiptHandle": received.receipt_handle}
    assert sum(admit(quotas, fast_queue, "DeleteMessage", params) for _ in range(100)) == 12


def test_receives_of_one_hot_group_pass_at_one_partitions_rate(clock, fast_queue):
    quotas = Quotas(clock, STRICT)
    throughput = fast_queue.attributes.throughput

    def receive():
        if not quotas.admit("q", throughput, "ReceiveMessage", lambda: {fast_queue.next_group()}):
            return 0
        (received,) = fast_queue.receive(visibility_s=0)
        group = fast_queue.group_of(received.receipt_handle)
        quotas.charge_receive("q", throughput, lambda: {group})
        return 1

    fast_queue.send(Outgoing("m", 1, "hot", "id"))
    passed = 0
    for _ in range(2_000):
        passed += receive()
        clock.advance(0.001)
    assert 600 <= passed <= 612


def test_a_long_poll_may_owe_a_partition_and_the_debt_is_paid_first(clock):
    quotas = Quotas(clock, STRICT)
    for _ in range(42):
        quotas.charge_receive("q", Throughput.PER_PARTITION, lambda: {7})
    admitted = []
    for _ in range(200):
        clock.advance(0.001)
        admitted.append(quotas.admit("q", Throughput.PER_PARTITION, "ReceiveMessage", lambda: {7}))
    assert admitted.index(True) in range(102, 105), "30 owed and 1 to have, at 300 a second"
    assert quotas.admit("q", Throughput.PER_PARTITION, "ReceiveMessage", lambda: {8})


def test_calls_are_counted_by_action_and_by_family(clock):
    quotas, queue = Quotas(clock, STRICT), make_queue(clock)
    for _ in range(8):
        admit(quotas, queue, "SendMessage")
        admit(quotas, queue, "SendMessageBatch")
    clock.advance(1)
    admit(quotas, queue, "SendMessageBatch")
    by_action = quotas.counts_by_action(queue.name)
    assert list(by_action["SendMessage"].seconds) == [[0, 6, 2]]
    assert list(by_action["SendMessageBatch"].seconds) == [[0, 6, 2], [1, 1, 0]]
    family = quotas.counts(queue.name)["send"]
    assert (family.admitted, family.throttled) == (13, 4)
    assert list(family.seconds) == [[0, 12, 4], [1, 1, 0]]


def test_calls_are_counted_by_the_second(clock):
    quotas, queue = Quotas(clock, STRICT), make_queue(clock)
    clock.advance(0.5)
    passes(quotas, queue, 20)
    clock.advance(1)
    passes(quotas, queue, 5)
    assert list(quotas.counts(queue.name)["send"].seconds) == [[0, 12, 8], [1, 5, 0]]
