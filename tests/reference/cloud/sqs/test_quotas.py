"""FIFO quotas on a virtual clock: the rate that passes, what is charged, what is not."""

import pytest

from reference.clock import VirtualClock
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.limits import OFF, STRICT
from reference.cloud.sqs.quotas import Quotas, TokenBucket


def make_queue(clock, *, is_fifo=True):
    engine = Engine(clock)
    if is_fifo:
        return engine.create_queue("mail.fifo", {"FifoQueue": "true"})
    return engine.create_queue("mail")


def admitted_per_s(quotas, clock, queue, action, *, offered_per_s, seconds):
    admitted = 0
    for _ in range(int(offered_per_s * seconds)):
        admitted += quotas.admit(queue, action)
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
    while quotas.admit(queue, "SendMessage"):
        pass
    assert quotas.admit(queue, "ReceiveMessage")
    assert quotas.admit(queue, "DeleteMessage")
    assert quotas.admit(queue, "ChangeMessageVisibility")
    assert not quotas.admit(queue, "SendMessageBatch"), "a batch draws on the sends' allowance"


def batch_costs_one_call(quotas_type):
    clock = VirtualClock()
    quotas, queue = quotas_type(clock, STRICT, burst_calls=10), make_queue(clock)
    return sum(quotas.admit(queue, "SendMessageBatch") for _ in range(10)) == 10


def test_a_batch_is_charged_as_one_call():
    assert batch_costs_one_call(Quotas)


class BatchChargedAsTenCalls(Quotas):
    """Planted bug."""

    def admit(self, queue, action):
        calls = 10 if "Batch" in action else 1
        return sum(Quotas.admit(self, queue, action) for _ in range(calls)) == calls


def test_a_batch_charged_as_ten_calls_is_noticed():
    assert not batch_costs_one_call(BatchChargedAsTenCalls)


def test_two_queues_do_not_share_an_allowance():
    clock = VirtualClock()
    engine, quotas = Engine(clock), Quotas(clock, STRICT)
    one, two = (engine.create_queue(f"{n}.fifo", {"FifoQueue": "true"}) for n in "12")
    while quotas.admit(one, "SendMessage"):
        pass
    assert quotas.admit(two, "SendMessage")


def test_standard_queues_have_no_rate_quota():
    clock = VirtualClock()
    quotas, queue = Quotas(clock, STRICT), make_queue(clock, is_fifo=False)
    assert all(quotas.admit(queue, "SendMessage") for _ in range(1000))


def test_switched_off_nothing_is_throttled_and_calls_are_still_counted():
    clock = VirtualClock()
    quotas, queue = Quotas(clock, OFF), make_queue(clock)
    assert all(quotas.admit(queue, "SendMessage") for _ in range(1000))
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
    while quotas.admit(queue, "SendMessage"):
        pass
    quotas.forget(queue.name)
    assert quotas.admit(queue, "SendMessage")
