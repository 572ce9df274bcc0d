"""What AWS bills beside the calls: each 64 KiB of a call's payload beyond the first."""

import json

import pytest

from reference.cloud.sqs.limits import further_chunks

KIB = 1024


@pytest.mark.parametrize(
    ("payload_bytes", "further"),
    [(0, 0), (1, 0), (64 * KIB, 0), (64 * KIB + 1, 1), (128 * KIB, 1), (256 * KIB, 3)],
)
def test_each_64_kib_begun_is_a_request(payload_bytes, further):
    assert further_chunks(payload_bytes) == further


@pytest.fixture
def chunks(endpoint, admin):
    def read():
        return json.loads(admin(endpoint, "metrics"))["queues"]["mail.fifo"]["further_chunks"]

    return read


def test_a_large_message_is_billed_on_its_way_in_and_out(sqs, fifo_url, chunks):
    sqs.send_message(QueueUrl=fifo_url, MessageBody="x" * 200 * KIB, MessageGroupId="g")
    assert chunks() == {"send": 3, "receive": 0}
    sqs.receive_message(QueueUrl=fifo_url, MaxNumberOfMessages=10)
    assert chunks() == {"send": 3, "receive": 3}


def test_a_batch_is_billed_by_the_sum_of_its_messages(sqs, fifo_url, chunks):
    # Two bytes a character, so that characters and bytes cannot be mistaken for each other.
    bodies = [str(n) + "é" * 15 * KIB for n in range(5)]  # 150 KiB and a little in all
    entries = [
        {"Id": str(n), "MessageBody": body, "MessageGroupId": "g"} for n, body in enumerate(bodies)
    ]
    sqs.send_message_batch(QueueUrl=fifo_url, Entries=entries)
    sqs.receive_message(QueueUrl=fifo_url, MaxNumberOfMessages=10)
    assert chunks() == {"send": 2, "receive": 2}


def test_what_fits_into_one_chunk_costs_no_more_than_the_call(sqs, fifo_url, chunks):
    attributes = {"kind": {"DataType": "String", "StringValue": "x" * 100}}
    sqs.send_message(
        QueueUrl=fifo_url, MessageBody="m", MessageGroupId="g", MessageAttributes=attributes
    )
    sqs.receive_message(QueueUrl=fifo_url)
    assert chunks() == {"send": 0, "receive": 0}


def test_attributes_are_part_of_the_payload(sqs, fifo_url, chunks):
    attributes = {"kind": {"DataType": "String", "StringValue": "x" * 64 * KIB}}
    sqs.send_message(
        QueueUrl=fifo_url, MessageBody="m", MessageGroupId="g", MessageAttributes=attributes
    )
    sqs.receive_message(QueueUrl=fifo_url, MessageAttributeNames=["All"])
    assert chunks() == {"send": 1, "receive": 1}
