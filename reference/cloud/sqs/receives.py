"""ReceiveMessage: from checked parameters to an answer."""

import base64
from typing import Any, NamedTuple

from reference.cloud.sqs import limits
from reference.cloud.sqs.checks import check_range, check_token
from reference.cloud.sqs.errors import InvalidParameterValue
from reference.cloud.sqs.message import (
    Attributes,
    Message,
    attributes_size_bytes,
    md5_of_attributes,
    md5_of_body,
    sequence_number,
)
from reference.cloud.sqs.ordering import Draw
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.surroundings import Received

Params = dict[str, Any]

# AWS shows the principal's unique id; this is the one in AWS's own examples.
SENDER_ID = "AIDACKCEVSQ6C2EXAMPLE"
UTF8_BYTES_MAX = 4  # of one character
_SYSTEM_ATTRIBUTES = {
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
}
# Accepted, and never a part of a message.
_ACCEPTED = {*_SYSTEM_ATTRIBUTES, "SqsManagedSseEnabled"}


class ReceiveCall(NamedTuple):
    """One ReceiveMessage call, checked."""

    queue: Queue
    max_messages: int
    visibility_s: int | None
    wait_s: int
    attempt_id: str | None
    system_attributes: frozenset[str]
    attribute_names: tuple[str, ...]
    draw: Draw | None

    def try_receive(self) -> Params | None:
        """The answer when messages are available; None when there are none.

        Raises OverLimit.
        """
        received = self.queue.receive(
            self.max_messages,
            visibility_s=self.visibility_s,
            attempt_id=self.attempt_id,
            is_long_poll=self.wait_s > 0,
            draw=self.draw,
        )
        if not received:
            return None
        self.queue.counters.received_further_chunks += limits.further_chunks(_bytes_of(received))
        return {"Messages": [self._shown(each) for each in received]}

    def _shown(self, received: Received) -> Params:
        message = received.message
        shown: Params = {
            "MessageId": message.message_id,
            "ReceiptHandle": received.receipt_handle,
            "MD5OfBody": md5_of_body(message.body.encode()),
            "Body": message.body,
        }
        if self.system_attributes:
            shown["Attributes"] = {
                name: value
                for name, value in _system_attributes(self.queue, message).items()
                if value is not None and name in self.system_attributes
            }
        if message.attributes and self.attribute_names:
            self._show_attributes(message.attributes, shown)
        return shown

    def _show_attributes(self, attributes: Attributes, shown: Params) -> None:
        wanted = {name: value for name, value in attributes.items() if self._wants(name)}
        if wanted:
            # The digest covers what is returned, so that an SDK can verify it.
            shown["MD5OfMessageAttributes"] = md5_of_attributes(wanted)
            shown["MessageAttributes"] = {
                name: {"BinaryValue": base64.b64encode(value).decode(), "DataType": data_type}
                if isinstance(value, bytes)
                else {"StringValue": value, "DataType": data_type}
                for name, (data_type, value) in wanted.items()
            }

    def _wants(self, name: str) -> bool:
        return any(
            pattern in {"All", ".*", name}
            or (pattern.endswith(".*") and name.startswith(pattern[:-2]))
            for pattern in self.attribute_names
        )


def receive_call(queue: Queue, params: Params, draw: Draw | None = None) -> ReceiveCall:
    """Raises InvalidParameterValue."""
    max_messages = params.get("MaxNumberOfMessages", 1)
    check_range("MaxNumberOfMessages", max_messages, 1, limits.BATCH_ENTRIES_MAX)
    visibility_s = params.get("VisibilityTimeout")
    if visibility_s is not None:
        check_range("VisibilityTimeout", visibility_s, 0, limits.VISIBILITY_S_MAX)
    wait_s = params.get("WaitTimeSeconds", queue.attributes.wait_s)
    check_range("WaitTimeSeconds", wait_s, 0, limits.WAIT_S_MAX)
    attempt_id = params.get("ReceiveRequestAttemptId") or None
    if attempt_id is not None:
        if not queue.attributes.is_fifo:
            raise InvalidParameterValue(
                f"Value {attempt_id[:80]} for parameter ReceiveRequestAttemptId is invalid. "
                "Reason: The request include parameter that is not valid for this queue type."
            )
        check_token("ReceiveRequestAttemptId", attempt_id)
    return ReceiveCall(
        queue,
        max_messages,
        visibility_s,
        wait_s,
        attempt_id,
        _wanted_system_attributes(params),
        tuple(params.get("MessageAttributeNames") or ()),
        draw,
    )


def _bytes_of(received: list[Received]) -> int:
    """What an answer carries; not counted to the byte where it is one chunk in any case."""
    messages = [each.message for each in received]
    characters = sum(len(message.body) for message in messages)
    attributes = [message.attributes for message in messages if message.attributes]
    if not attributes and characters * UTF8_BYTES_MAX <= limits.BILLED_CHUNK_BYTES:
        return characters
    bodies = sum(len(message.body.encode()) for message in messages)
    return bodies + sum(attributes_size_bytes(each) for each in attributes)


def _wanted_system_attributes(params: Params) -> frozenset[str]:
    names = {
        *(params.get("MessageSystemAttributeNames") or ()),
        *(params.get("AttributeNames") or ()),  # the older name of the same parameter
    }
    if "All" in names:
        return frozenset(_SYSTEM_ATTRIBUTES)
    for name in names:
        if name not in _ACCEPTED:
            raise InvalidParameterValue(f"Unknown Attribute {name[:80]}.")
    return frozenset(names)


def _system_attributes(queue: Queue, message: Message) -> dict[str, str | None]:
    return {
        "SenderId": SENDER_ID,
        "SentTimestamp": str(message.sent_ms),
        "ApproximateReceiveCount": str(message.total_receive_count),
        "ApproximateFirstReceiveTimestamp": str(message.first_received_ms),
        "AWSTraceHeader": message.trace_header,
        "MessageGroupId": message.group,
        "MessageDeduplicationId": message.dedup_id,
        "SequenceNumber": sequence_number(message.order) if queue.attributes.is_fifo else None,
        "DeadLetterQueueSourceArn": message.source_arn,
    }
