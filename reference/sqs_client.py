"""The one place that talks to SQS, over a client of `aws.py`.

botocore does not verify the MD5 digests that SQS returns, so this module does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore import exceptions as boto

from reference import aws
from reference.errors import QueueError
from reference.queues.names import is_fifo

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        ChangeMessageVisibilityBatchResultTypeDef,
        DeleteMessageBatchResultTypeDef,
        MessageTypeDef,
    )

RECEIVE_MAX = 10  # messages a call, SQS's limit
SEND_BATCH_MAX = 10  # the same for SendMessageBatch
SEND_BATCH_BYTES_MAX = 1_048_576  # of all bodies together
VISIBILITY_MAX_S = 43_200  # SQS: 12 hours, counted from the receive

_REFUSED_UNAVAILABLE = frozenset({"ServiceUnavailable", "ServiceUnavailableException"})


@dataclass(frozen=True, slots=True)
class Received:
    """One message as a receive call returned it."""

    message_id: str
    receipt_handle: str
    body: str
    group: str  # whose order is kept; empty on a standard queue
    dedup_id: str
    receive_count: int

    def __repr__(self) -> str:
        return f"Received(message_id={self.message_id!r}, receive_count={self.receive_count})"


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """One message to send."""

    body: str
    group: str
    dedup_id: str


class QueueWriter(Protocol):
    """What the API needs of a queue."""

    keeps_order: bool  # of a message group

    def send(self, *, body: str, group: str, dedup_id: str) -> str:
        """Store a message and return its id. Raises QueueError."""
        ...

    def send_batch(self, messages: Sequence[Outgoing]) -> dict[int, QueueError]:
        """Store up to SEND_BATCH_MAX messages; the failures by position.

        Raises QueueError when the call as a whole failed.
        """
        ...

    def check(self) -> None:
        """Raises QueueError when the queue cannot be reached."""
        ...


class QueueReader(Protocol):
    """What the worker needs of a queue."""

    def receive(self, *, wait_s: int, visibility_s: int) -> list[Received]:
        """Up to RECEIVE_MAX messages; none after `wait_s` seconds. Raises QueueError."""
        ...

    def delete(self, receipt_handles: Sequence[str]) -> dict[int, QueueError]:
        """Delete up to RECEIVE_MAX messages; the failures by position. Raises QueueError."""
        ...

    def change_visibility(
        self, receipt_handles: Sequence[str], visibility_s: int
    ) -> dict[int, QueueError]:
        """Let up to RECEIVE_MAX messages appear again `visibility_s` seconds from now.

        Returns the failures by position. Raises QueueError.
        """
        ...


def connect(
    *,
    region: str,
    endpoint_url: str | None,
    connect_timeout_s: float,
    read_timeout_s: float,
    connections_max: int,
) -> "SQSClient":
    """A client for all threads of this process. Raises SettingsError."""
    client: SQSClient = aws.make_client(
        "sqs",
        region=region,
        endpoint_url=endpoint_url,
        connect_timeout_s=connect_timeout_s,
        read_timeout_s=read_timeout_s,
        connections_max=connections_max,
    )
    return client


class SqsQueue:
    """One queue: a QueueWriter and a QueueReader.

    A FIFO queue, whose name ends so, absorbs repeats of a deduplication id and keeps the order of
    a message group. A standard queue takes no deduplication id and keeps no order; there the group
    names the tenant among whom SQS deals fairly (DG sqs-fair-queues.html), and no received message
    waits for another, so it has none.
    """

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._url = queue_url
        self.keeps_order = is_fifo(queue_url)

    def send(self, *, body: str, group: str, dedup_id: str) -> str:
        try:
            answer = self._client.send_message(
                QueueUrl=self._url, MessageBody=body, **self._ids(group, dedup_id)
            )
        except aws.ERRORS as error:
            raise classify(error) from error
        if (doubt := _doubt(answer, body)) is not None:
            raise doubt
        return answer["MessageId"]

    def send_batch(self, messages: Sequence[Outgoing]) -> dict[int, QueueError]:
        entries: list[Any] = [
            {"Id": str(n), "MessageBody": each.body, **self._ids(each.group, each.dedup_id)}
            for n, each in enumerate(messages)
        ]
        try:
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        except aws.ERRORS as error:
            raise classify(error) from error
        failures: dict[int, QueueError] = dict.fromkeys(range(len(messages)), _incomplete_answer())
        failures.update((int(f["Id"]), _unsent_entry(f)) for f in answer.get("Failed", []))
        for entry in answer.get("Successful", []):
            position = int(entry["Id"])
            if (doubt := _doubt(entry, messages[position].body)) is not None:
                failures[position] = doubt
            else:
                failures.pop(position, None)
        return failures

    def _ids(self, group: str, dedup_id: str) -> dict[str, Any]:
        fifo_only = {"MessageDeduplicationId": dedup_id} if self.keeps_order else {}
        return {"MessageGroupId": group, **fifo_only}

    def check(self) -> None:
        try:
            self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        except aws.ERRORS as error:
            raise classify(error) from error

    def receive(self, *, wait_s: int, visibility_s: int) -> list[Received]:
        try:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=RECEIVE_MAX,
                WaitTimeSeconds=wait_s,
                VisibilityTimeout=visibility_s,
                MessageSystemAttributeNames=[
                    "ApproximateReceiveCount",
                    "MessageGroupId",
                    "MessageDeduplicationId",
                ],
            )
        except aws.ERRORS as error:
            raise classify(error) from error
        messages = answer.get("Messages", [])
        if any(message.get("MD5OfBody") != _md5(message["Body"]) for message in messages):
            # All come back when their visibility ends; using some would break a group's order.
            raise QueueError("Md5Mismatch", is_definite=False, is_transient=True)
        return [_received(message, is_fifo=self.keeps_order) for message in messages]

    def delete(self, receipt_handles: Sequence[str]) -> dict[int, QueueError]:
        try:
            answer = self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": handle}
                    for n, handle in enumerate(receipt_handles)
                ],
            )
        except aws.ERRORS as error:
            raise classify(error) from error
        return _batch_failures(answer, len(receipt_handles))

    def change_visibility(
        self, receipt_handles: Sequence[str], visibility_s: int
    ) -> dict[int, QueueError]:
        try:
            answer = self._client.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": visibility_s}
                    for n, handle in enumerate(receipt_handles)
                ],
            )
        except aws.ERRORS as error:
            raise classify(error) from error
        return _batch_failures(answer, len(receipt_handles))


def classify(error: Exception) -> QueueError:
    """What a botocore exception says about the call's effect.

    Definite: nothing was sent, or SQS answered that it refuses. Anything else, such as a
    time-out while reading, a closed connection, a 500 or an answer that makes no sense, leaves
    open whether SQS did it.
    """
    if isinstance(error, boto.ClientError):
        code, status = aws.code_and_status(error)
        if code in aws.THROTTLES or status == 429:
            return QueueError(code, is_definite=True, is_transient=True)
        if 400 <= status < 500:
            return QueueError(code, is_definite=True, is_transient=False)
        refused = status == 503 and code in _REFUSED_UNAVAILABLE
        return QueueError(code, is_definite=refused, is_transient=True)
    code = type(error).__name__
    if isinstance(error, aws.NEVER_SENT):
        return QueueError(code, is_definite=True, is_transient=False)
    return QueueError(code, is_definite=isinstance(error, aws.NOT_SENT), is_transient=True)


def _batch_failures(
    answer: "DeleteMessageBatchResultTypeDef | ChangeMessageVisibilityBatchResultTypeDef",
    count: int,
) -> dict[int, QueueError]:
    """The entries that SQS did not confirm, by position."""
    failures = dict.fromkeys(range(count), _incomplete_answer())
    failures.update((int(f["Id"]), _entry_error(f["Code"])) for f in answer.get("Failed", []))
    for entry in answer.get("Successful", []):
        failures.pop(int(entry["Id"]), None)
    return failures


def _incomplete_answer() -> QueueError:
    """botocore makes an empty answer of one that breaks off or is no JSON."""
    return QueueError("IncompleteAnswer", is_definite=False, is_transient=True)


def _doubt(answer: Mapping[str, Any], body: str) -> QueueError | None:
    """Why an answer does not confirm that this body is stored."""
    if not answer.get("MessageId") or not answer.get("MD5OfMessageBody"):
        return _incomplete_answer()
    if answer["MD5OfMessageBody"] != _md5(body):
        # Something other than this body may be stored. A repeat would be absorbed as a
        # duplicate and confirm nothing, so it is not worth trying.
        return QueueError("Md5Mismatch", is_definite=False, is_transient=False)
    return None


def _unsent_entry(entry: "BatchResultErrorEntryTypeDef") -> QueueError:
    """What SQS says of a batch's entry that it did not take, read as for a call of its own."""
    code = entry["Code"]
    if code in aws.THROTTLES:
        return QueueError(code, is_definite=True, is_transient=True)
    # A fault of its own leaves open what it did, in a batch as elsewhere.
    is_ours = entry["SenderFault"]
    is_definite = is_ours or code in _REFUSED_UNAVAILABLE
    return QueueError(code, is_definite=is_definite, is_transient=not is_ours)


def _entry_error(code: str) -> QueueError:
    """One entry of a batch. A handle that SQS does not know any more never gets better."""
    hopeless = code in {"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"}
    return QueueError(code, is_definite=True, is_transient=not hopeless)


def _received(message: "MessageTypeDef", *, is_fifo: bool) -> Received:
    attributes = message.get("Attributes", {})
    return Received(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        group=attributes.get("MessageGroupId", "") if is_fifo else "",
        dedup_id=attributes.get("MessageDeduplicationId", ""),
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
    )


def _md5(body: str) -> str:
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
