"""The queues of an experiment: made as its configuration asks, watched until they are empty."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from loadtests.metrics import NO_METRICS, queue_metrics
from scenarios.configuration import QueueKind
from scenarios.model import Queue

REGION = "us-east-1"
# The local SQS checks no signature; SDKs want something to sign with all the same.
AWS_ENV = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
}
AWS_ERRORS = (BotoCoreError, ClientError)
# A partition's quota and deduplication by message group: SQS Developer Guide, high-throughput-fifo.
HIGH_THROUGHPUT = {
    "DeduplicationScope": "messageGroup",
    "FifoThroughputLimit": "perMessageGroupId",
}
IN_QUEUE = (
    "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
SETTLED_S = 0.5  # so long a queue has to be empty


@dataclass(frozen=True)
class Queues:
    """What was made, without the DLQs."""

    names: Sequence[str]
    urls: Sequence[str]
    attributes: dict[str, str]  # of the first; the others differ in their names


def queue_names(kind: QueueKind) -> list[tuple[str, str]]:
    """(queue, its DLQ), one pair for each queue of the pool."""
    suffix = ".fifo" if kind.is_fifo else ""
    stems = [f"emails-{n}" for n in range(1, kind.count + 1)] if kind.count > 1 else ["emails"]
    return [(f"{stem}{suffix}", f"{stem}-dlq{suffix}") for stem in stems]


def create_queues(endpoint: str, kind: QueueKind, queue: Queue) -> Queues:
    """Make each queue with a DLQ of its own. Raises AWS_ERRORS."""
    client = sqs_client(endpoint)
    fifo = {"FifoQueue": "true"} if kind.is_fifo else {}
    names, urls = [], []
    for name, dlq_name in queue_names(kind):
        dlq_url = client.create_queue(QueueName=dlq_name, Attributes=fifo)["QueueUrl"]
        dlq = client.get_queue_attributes(QueueUrl=dlq_url, AttributeNames=["QueueArn"])
        redrive = {
            "deadLetterTargetArn": dlq["Attributes"]["QueueArn"],
            "maxReceiveCount": queue.max_receive_count,
        }
        attributes = {
            **fifo,
            **(HIGH_THROUGHPUT if kind.high_throughput else {}),
            "VisibilityTimeout": str(queue.visibility_timeout_s),
            "RedrivePolicy": json.dumps(redrive),
        }
        urls.append(client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])
        names.append(name)
    first = client.get_queue_attributes(QueueUrl=urls[0], AttributeNames=["All"])
    return Queues(names, urls, first["Attributes"])


def sqs_client(endpoint: str) -> Any:
    """A client for the harness's own calls: set-up and draining."""
    return boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=AWS_ENV["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=AWS_ENV["AWS_SECRET_ACCESS_KEY"],
        config=Config(
            connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 5}
        ),
    )


def wait_until_drained(endpoint: str, names: Sequence[str], timeout_s: float) -> bool:
    """Wait until the queues hold nothing, in flight or waiting; False when one still does."""
    deadline_s = time.monotonic() + timeout_s
    empty_since_s: float | None = None
    while time.monotonic() < deadline_s:
        try:
            metrics = queue_metrics(endpoint)
            empty = all(metrics[name].get(each, 0) == 0 for name in names for each in IN_QUEUE)
        except NO_METRICS:
            empty = False
        now_s = time.monotonic()
        empty_since_s = (empty_since_s or now_s) if empty else None
        if empty_since_s is not None and now_s - empty_since_s >= SETTLED_S:
            return True
        time.sleep(0.1)
    return False


def drain_by_hand(endpoint: str, queues: Queues, record: Any, timeout_s: float) -> bool:
    """Receive and delete what is left in the first queue, for experiments that have no worker.

    `record(dedup_id)` is told of each message. False when the queue is not empty in time.
    """
    client = sqs_client(endpoint)
    queue_url = queues.urls[0]
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        messages = client.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["MessageDeduplicationId"],
        ).get("Messages", [])
        for message in messages:
            record(message["Attributes"]["MessageDeduplicationId"])
        if messages:
            client.delete_message_batch(
                QueueUrl=queue_url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]}
                    for n, message in enumerate(messages)
                ],
            )
        elif wait_until_drained(endpoint, queues.names, 1.0):
            return True
    return False
