"""A message and the digests that SQS returns for it."""

import contextlib
import hashlib
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from reference.cloud.sqs import limits
from reference.cloud.sqs.checks import check_characters, shown
from reference.cloud.sqs.errors import InvalidParameterValue

_md5 = hashlib.md5
# For a short text half of OpenSSL's price is its set-up; but some builds have nothing else.
with contextlib.suppress(ImportError):
    _md5 = importlib.import_module("_md5").md5
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_RESERVED_PREFIXES = ("aws.", "amazon.")
_LOGICAL_TYPES = ("String", "Number", "Binary")


class MessageAttribute(NamedTuple):
    """A user's attribute; `value` is bytes exactly when the type is Binary."""

    data_type: str
    value: str | bytes

    @property
    def size_bytes(self) -> int:
        return len(self.data_type.encode()) + len(_encoded(self.value))


Attributes = Mapping[str, MessageAttribute]


@dataclass(slots=True)
class Outgoing:
    """What a sender hands over; checked, and its size known. Nobody changes it."""

    body: str
    size_bytes: int
    group: str | None = None
    dedup_id: str | None = None
    delay_s: int | None = None
    attributes: Attributes | None = None
    trace_header: str | None = None


class State(IntEnum):
    DELAYED = 0
    VISIBLE = 1
    IN_FLIGHT = 2
    GONE = 3


_DELAYED = State.DELAYED  # looking up a member costs as much as a call


class Message:
    """One stored message. Owned and changed by its queue alone."""

    __slots__ = (
        "attributes",
        "body",
        "dedup_id",
        "enqueued_s",
        "entered_s",
        "first_received_ms",
        "group",
        "message_id",
        "order",
        "receive_count",
        "received_s",
        "receives_elsewhere",
        "sent_ms",
        "source_arn",
        "state",
        "trace_header",
        "visible_at_s",
    )

    def __init__(  # noqa: PLR0917 - names would cost more than all the rest of it
        self,
        outgoing: Outgoing,
        dedup_id: str | None,
        message_id: str,
        order: int,
        now_s: float,
        wall_ms: int,
    ) -> None:
        self.message_id = message_id
        self.body = outgoing.body
        self.attributes = outgoing.attributes
        self.trace_header = outgoing.trace_header
        self.group = outgoing.group
        self.dedup_id = dedup_id  # the one in force: a FIFO queue may have made it from the body
        self.order = order  # its place in the queue, and its sequence number
        self.sent_ms = wall_ms
        self.enqueued_s = now_s  # retention counts from here
        self.entered_s = now_s  # age counts from here: a dead-letter queue starts it anew
        self.first_received_ms: int | None = None
        self.receive_count = 0  # from this queue
        self.receives_elsewhere = 0  # from queues that parked or moved it here
        self.received_s = 0.0
        self.visible_at_s = now_s  # it is delayed or in flight until then
        self.state = _DELAYED
        self.source_arn: str | None = None  # the queue that parked it here

    @property
    def total_receive_count(self) -> int:
        return self.receives_elsewhere + self.receive_count


def sequence_number(order: int) -> str:
    return str(order).zfill(20)


def md5_of_body(encoded: bytes) -> str:
    return _md5(encoded, usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Attributes) -> str:
    """As SDKs verify it: DG sqs-message-metadata.html, 'MD5 message digest calculation'."""
    digest = _md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        for part in (name.encode(), attribute.data_type.encode()):
            digest.update(len(part).to_bytes(4, "big") + part)
        value = _encoded(attribute.value)
        digest.update(b"\x02" if isinstance(attribute.value, bytes) else b"\x01")
        digest.update(len(value).to_bytes(4, "big") + value)
    return digest.hexdigest()


def attributes_size_bytes(attributes: Attributes) -> int:
    """Name, type and value count against the size of the message."""
    return sum(len(name.encode()) + value.size_bytes for name, value in attributes.items())


def check_attribute(name: str, data_type: str, value: str | bytes | None) -> MessageAttribute:
    """Raises InvalidParameterValue when SQS would not store this attribute."""
    _check_attribute_name(name)
    logical_type = data_type.partition(".")[0]
    if logical_type not in _LOGICAL_TYPES or len(data_type) > 256:
        raise InvalidParameterValue(
            f"The type of message (user) attribute '{shown(name)}' is invalid. "
            "You must use only the following supported type prefixes: Binary, Number, String."
        )
    if isinstance(value, bytes) != (logical_type == "Binary") or not value:
        raise InvalidParameterValue(
            f"The message (user) attribute '{shown(name)}' must contain a non-empty message "
            f"attribute value for message attribute type '{logical_type}'."
        )
    if logical_type == "Number" and not _is_number(value):
        raise InvalidParameterValue(
            f"Can't cast the value of message (user) attribute '{shown(name)}' to a number."
        )
    if isinstance(value, str):
        check_characters(f"message (user) attribute '{shown(name)}'", value)
    return MessageAttribute(data_type, value)


def _check_attribute_name(name: str) -> None:
    plain = name.replace("_", "").replace("-", "").replace(".", "")
    ok = (
        1 <= len(name) <= limits.MESSAGE_ATTRIBUTE_NAME_LENGTH_MAX
        and plain.isascii()
        and plain.isalnum()
        and not name.lower().startswith(_RESERVED_PREFIXES)
        and not name.startswith(".")
        and not name.endswith(".")
        and ".." not in name
    )
    if not ok:
        raise InvalidParameterValue(
            f"Message (user) attribute name '{shown(name)}' is invalid: 1 to 256 of A-Z, a-z, "
            "0-9, underscore, hyphen and period; no period at the start, at the end or twice in "
            "a row; not starting with AWS. or Amazon."
        )


def _is_number(value: str | bytes) -> bool:
    # Python's own float() takes spaces, underscores, nan and digits of other scripts too.
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None


def _encoded(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
