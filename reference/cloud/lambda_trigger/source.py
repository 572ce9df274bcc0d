"""The queue as an event source: what the mapping reads of it, and its calls.

Lambda receives with the queue's own visibility time-out, so none is given here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference import aws
from reference.backoff import full_jitter_s
from reference.clock import Clock
from reference.cloud.lambda_trigger.records import Record, record_of
from reference.errors import QueueError
from reference.sqs_client import RECEIVE_MAX, SqsQueue, classify

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

DELETE_ATTEMPTS_MAX = 8
PAUSE_FIRST_S, PAUSE_MAX_S = 0.05, 2.0


def pause_s(attempt: int) -> float:
    """How long to wait after SQS failed a call; `attempt` counts failures in a row, from 1."""
    return full_jitter_s(attempt, first_s=PAUSE_FIRST_S, max_s=PAUSE_MAX_S)


@dataclass(frozen=True)
class QueueFacts:
    """What the queue says of itself."""

    arn: str
    visibility_s: int
    has_redrive: bool


def read_facts(client: "SQSClient", queue_url: str) -> QueueFacts:
    """Raises QueueError when the queue does not answer, or does not exist."""
    try:
        attributes = client.get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["QueueArn", "VisibilityTimeout", "RedrivePolicy"]
        )["Attributes"]
    except aws.ERRORS as error:
        raise classify(error) from error
    return QueueFacts(
        attributes["QueueArn"], int(attributes["VisibilityTimeout"]), "RedrivePolicy" in attributes
    )


class Source:
    """One queue; several threads use it."""

    def __init__(
        self,
        polls: "SQSClient",
        calls: "SQSClient",
        queue_url: str,
        facts: QueueFacts,
        clock: Clock,
    ) -> None:
        """`polls` and `calls` reach the same queue: long polls need a longer time-out."""
        self._polls = polls
        self._queue = SqsQueue(calls, queue_url)
        self._url = queue_url
        self._facts = facts
        self._is_fifo = queue_url.endswith(".fifo")
        self._clock = clock

    def receive(self, *, count: int, wait_s: int) -> list[Record]:
        """Up to `count` messages; none after `wait_s` seconds. Raises QueueError."""
        try:
            answer = self._polls.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=count,
                WaitTimeSeconds=wait_s,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except aws.ERRORS as error:
            raise classify(error) from error
        visible_at_s = self._clock.now_s() + self._facts.visibility_s
        return [
            record_of(
                message,
                queue_arn=self._facts.arn,
                is_fifo=self._is_fifo,
                visible_at_s=visible_at_s,
            )
            for message in answer.get("Messages", [])
        ]

    def delete(self, records: Sequence[Record]) -> int:
        """Delete what is done; returns how many were not, which reappear and are handled again."""
        missed = 0
        for start in range(0, len(records), RECEIVE_MAX):
            missed += len(self._delete_some(list(records[start : start + RECEIVE_MAX])))
        return missed

    def release(self, records: Sequence[Record]) -> None:
        """Give back at once what no function has seen, the last first; as far as SQS lets us."""
        for start in range(0, len(records), RECEIVE_MAX):
            some = [record.receipt_handle for record in records[start : start + RECEIVE_MAX]]
            try:
                self._queue.change_visibility(some[::-1], 0)
            except QueueError:
                return

    def _delete_some(self, left: list[Record]) -> list[Record]:
        """Returns what could not be deleted."""
        hopeless: list[Record] = []
        for attempt in range(1, DELETE_ATTEMPTS_MAX + 1):
            try:
                failures = self._queue.delete([record.receipt_handle for record in left])
            except QueueError as error:
                failures = dict.fromkeys(range(len(left)), error)
            hopeless += [left[n] for n, error in failures.items() if not error.is_transient]
            left = [left[n] for n, error in failures.items() if error.is_transient]
            if not left:
                return hopeless
            pause = pause_s(attempt)
            if self._clock.now_s() + pause >= left[0].visible_at_s:
                break
            time.sleep(pause)
        return hopeless + left
