"""The local backend charges what its calls turn out to touch; on a clock that stands still."""

import asyncio

import pytest

from reference.clock import VirtualClock
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import RequestThrottled
from reference.cloud.sqs.limits import STRICT
from reference.cloud.sqs.message import Outgoing
from reference.cloud.sqs.polling import LongPolls
from reference.cloud.sqs.quotas import Quotas
from reference.cloud.sqs.service import LocalSqs, finished
from reference.cloud.sqs.wire import Call

HIGH_THROUGHPUT = {
    "FifoQueue": "true",
    "DeduplicationScope": "messageGroup",
    "FifoThroughputLimit": "perMessageGroupId",
}


@pytest.fixture
def queue_and_call():
    clock = VirtualClock()
    engine = Engine(clock)
    backend = LocalSqs(
        clock,
        engine,
        Quotas(clock, STRICT),
        LongPolls(clock),
        throttle_error=RequestThrottled,
    )

    def call(action, **params):
        """The answer; None when the call was throttled."""
        params["QueueUrl"] = "http://x/000000000000/fast.fifo"
        try:
            return asyncio.run(finished(backend.run(Call(action, params), request=None)))
        except RequestThrottled:
            return None

    return engine.create_queue("fast.fifo", HIGH_THROUGHPUT), call


def test_one_hot_group_is_received_and_deleted_at_one_partitions_rate(queue_and_call):
    queue, call = queue_and_call
    for n in range(30):
        queue.send(Outgoing("m", 1, "hot", str(n)))
    handles = []
    for _ in range(30):
        if answer := call("ReceiveMessage", VisibilityTimeout=0):
            handles += [message["ReceiptHandle"] for message in answer["Messages"]]
    assert len(handles) == 12
    received = queue.receive(10)
    deletes = [
        call("DeleteMessage", ReceiptHandle=received[n % 10].receipt_handle) for n in range(30)
    ]
    assert deletes.count({}) == 12


def test_a_receive_is_charged_to_every_partition_that_it_draws_on(queue_and_call):
    queue, call = queue_and_call
    for group in "ab":
        queue.send(Outgoing("m", 1, group, "1"))
    both = [call("ReceiveMessage", VisibilityTimeout=0, MaxNumberOfMessages=10) for _ in range(30)]
    assert [len(answer["Messages"]) for answer in both if answer] == [2] * 12
    (held,) = queue.receive(1)
    assert queue.next_group() is not None, "the other group is visible"
    assert call("ReceiveMessage") is None, f"all but {held.message.group}'s partition is spent"


def test_a_queue_without_messages_may_be_asked_at_the_regions_rate(queue_and_call):
    _, call = queue_and_call
    assert all(call("ReceiveMessage") == {} for _ in range(100))
