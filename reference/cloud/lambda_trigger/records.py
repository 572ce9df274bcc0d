"""A message as Lambda passes it to a function, and the event around a batch.

Source: Lambda Developer Guide, with-sqs (the example events): names begin with a small letter,
message attributes keep `dataType`, `stringValue`, `binaryValue` (base64) and empty lists of values.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

PAYLOAD_MAX_BYTES = 6 * 1024 * 1024  # of a synchronous invocation
ENVELOPE_BYTES = len(b'{"Records":[]}')


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One message in the mapping's hands. Its text is in `json` and in no repr."""

    message_id: str
    receipt_handle: str
    group: str  # empty on a standard queue, where it orders nothing
    visible_at_s: float  # monotonic: from then on others can receive it
    json: bytes

    def __repr__(self) -> str:
        return f"Record({self.message_id})"


def record_of(
    message: "MessageTypeDef", *, queue_arn: str, is_fifo: bool, visible_at_s: float
) -> Record:
    """From an answer of ReceiveMessage that asked for all attributes."""
    attributes = message.get("Attributes", {})
    body = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": attributes,
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    return Record(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        group=attributes.get("MessageGroupId", "") if is_fifo else "",
        visible_at_s=visible_at_s,
        json=orjson.dumps(body),
    )


def event_of(batch: Sequence[Record]) -> bytes:
    """The event, as JSON."""
    return b'{"Records":[' + b",".join(record.json for record in batch) + b"]}"


def _attribute(value: "MessageAttributeValueOutputTypeDef") -> dict[str, Any]:
    written: dict[str, Any] = {}
    if "StringValue" in value:
        written["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        written["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return written | {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
