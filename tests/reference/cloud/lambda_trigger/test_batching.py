"""Batches by size, window and payload, on a virtual clock."""

import json

from hypothesis import given
from hypothesis import strategies as st

from reference.clock import VirtualClock
from reference.cloud.lambda_trigger.batching import Batcher
from reference.cloud.lambda_trigger.mapping import Mapping
from reference.cloud.lambda_trigger.records import PAYLOAD_MAX_BYTES, Record, event_of, record_of


def record(name, group="", size_bytes=2):
    return Record(
        message_id=name,
        receipt_handle=f"h-{name}",
        group=group,
        visible_at_s=100.0,
        json=b"x" * size_bytes,
    )


def batcher_of(**settings):
    clock = VirtualClock()
    return clock, Batcher(clock, Mapping(**({"is_fifo": False} | settings)))


def names(batch):
    return [each.message_id for each in batch]


def test_without_a_window_a_batch_is_what_one_receive_brought():
    _, batcher = batcher_of()
    assert batcher.due_in_s() is None
    batcher.add([record("a"), record("b")])
    assert batcher.due_in_s() == 0
    assert names(batcher.take()) == ["a", "b"]
    assert batcher.due_in_s() is None


def test_a_window_begins_with_the_first_message_and_ends_early_when_the_batch_is_full():
    clock, batcher = batcher_of(batch_size=25, batch_window_s=5)
    assert batcher.room == 10
    batcher.add(record(f"a{n}") for n in range(10))
    assert batcher.due_in_s() == 5
    clock.advance(3)
    batcher.add(record(f"b{n}") for n in range(10))
    assert (batcher.due_in_s(), batcher.room) == (2, 5)
    batcher.add(record(f"c{n}") for n in range(5))
    assert (batcher.due_in_s(), batcher.room) == (0, 0)
    assert len(batcher.take()) == 25


def test_a_window_that_is_over_sends_what_there_is():
    clock, batcher = batcher_of(batch_size=25, batch_window_s=5)
    batcher.add([record("a")])
    clock.advance(5)
    assert batcher.due_in_s() == 0


def test_a_payload_of_six_megabytes_is_due_and_what_does_not_fit_waits_for_the_next():
    _, batcher = batcher_of(batch_size=100, batch_window_s=300)
    mebibyte = 1024 * 1024
    batcher.add(record(f"m{n}", size_bytes=mebibyte) for n in range(7))
    assert batcher.due_in_s() == 0
    assert names(batcher.take()) == ["m0", "m1", "m2", "m3", "m4"]
    assert batcher.due_in_s() == 0
    assert names(batcher.take()) == ["m5", "m6"]


@given(
    st.lists(st.integers(min_value=2, max_value=2 * 1024 * 1024), max_size=30),
    st.integers(min_value=1, max_value=10),
)
def test_batches_keep_both_bounds_and_hold_every_message_once_in_order(sizes, batch_size):
    _, batcher = batcher_of(batch_size=batch_size)
    batcher.add(record(str(n), size_bytes=size) for n, size in enumerate(sizes))
    taken = []
    while batcher:
        batch = batcher.take()
        assert 1 <= len(batch) <= batch_size
        assert len(event_of(batch)) <= PAYLOAD_MAX_BYTES
        taken += names(batch)
    assert taken == [str(n) for n in range(len(sizes))]


def test_what_stands_behind_a_failure_of_its_group_is_dropped_and_nothing_else():
    _, batcher = batcher_of(is_fifo=True)
    batcher.add([record("a", "g"), record("b", "h"), record("c", "g")])
    assert names(batcher.drop({"g"})) == ["a", "c"]
    assert names(batcher.take()) == ["b"]


def test_the_event_has_exactly_the_shape_of_lambdas():
    """As in the Lambda Developer Guide, with-sqs."""
    message = {
        "MessageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "ReceiptHandle": "AQEB",
        "Body": "Test message.",
        "MD5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "Attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "1"},
        "MessageAttributes": {
            "text": {"DataType": "String", "StringValue": "x"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
    }
    arn = "arn:aws:sqs:us-east-2:123456789012:my-queue.fifo"
    made = record_of(message, queue_arn=arn, is_fifo=True, visible_at_s=1.0)
    assert (made.group, made.visible_at_s) == ("1", 1.0)
    empty = {"stringListValues": [], "binaryListValues": []}
    assert json.loads(event_of([made, made]))["Records"] == 2 * [
        {
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "receiptHandle": "AQEB",
            "body": "Test message.",
            "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "1"},
            "messageAttributes": {
                "text": {"stringValue": "x", "dataType": "String", **empty},
                "bytes": {"binaryValue": "AP8=", "dataType": "Binary", **empty},
            },
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": "us-east-2",
        }
    ]
    standard = record_of(message, queue_arn=arn, is_fifo=False, visible_at_s=1.0)
    assert standard.group == ""  # there it is a hint, and orders nothing


def test_a_record_shows_nothing_of_its_message():
    assert repr(record("a")) == "Record(a)"
