"""Queue attributes: what CreateQueue and SetQueueAttributes accept, and the defaults.

Attributes travel as text. `QueueAttributes` holds those that change what the queue does as
values, and all that were set as text, for GetQueueAttributes.
Source: API SetQueueAttributes; the wording of errors follows AWS's.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from reference.cloud.sqs import limits
from reference.cloud.sqs.checks import shown
from reference.cloud.sqs.errors import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameterValue,
)

_INTEGERS = {
    "DelaySeconds": (0, limits.DELAY_S_MAX),
    "MaximumMessageSize": (limits.MESSAGE_BYTES_MIN, limits.MESSAGE_BYTES_MAX),
    "MessageRetentionPeriod": (limits.RETENTION_S_MIN, limits.RETENTION_S_MAX),
    "ReceiveMessageWaitTimeSeconds": (0, limits.WAIT_S_MAX),
    "VisibilityTimeout": (0, limits.VISIBILITY_S_MAX),
    "KmsDataKeyReusePeriodSeconds": (limits.KMS_REUSE_S_MIN, limits.KMS_REUSE_S_MAX),
}
_BOOLEANS = {"FifoQueue", "ContentBasedDeduplication", "SqsManagedSseEnabled"}
_CHOICES = {
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
_QUEUE_ARN = re.compile(r"arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,80}")
_TEXTS = {"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"}
_FIFO_ONLY = {"FifoQueue", "ContentBasedDeduplication", *_CHOICES}
_EMPTY_CLEARS = {*_TEXTS}
READ_ONLY = {
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
}
KNOWN = {*_INTEGERS, *_BOOLEANS, *_CHOICES, *_TEXTS, *READ_ONLY}

_DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(limits.MESSAGE_BYTES_MAX),
    "MessageRetentionPeriod": str(limits.RETENTION_S_DEFAULT),
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": str(limits.VISIBILITY_S_DEFAULT),
}
_FIFO_DEFAULTS = {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}


class Throughput(Enum):
    """Which rate quota a queue has."""

    UNLIMITED = "standard"
    PER_QUEUE = "fifo"
    PER_PARTITION = "high-throughput fifo"


@dataclass(frozen=True, slots=True)
class RedrivePolicy:
    """Where messages go that were received too often."""

    target_arn: str
    max_receive_count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidParameterValue."""
        policy = _json_object("RedrivePolicy", text)
        target, count = policy.get("deadLetterTargetArn"), policy.get("maxReceiveCount", "10")
        if not isinstance(target, str) or not target:
            raise _bad_policy("RedrivePolicy", text, "deadLetterTargetArn is missing or not text.")
        try:
            max_receive_count = int(str(count))
        except ValueError:
            max_receive_count = 0
        if not 1 <= max_receive_count <= limits.MAX_RECEIVE_COUNT_MAX:
            raise _bad_policy(
                "RedrivePolicy", text, "Invalid value for maxReceiveCount: 1 to 1000."
            )
        if not _QUEUE_ARN.fullmatch(target):
            raise _bad_policy("RedrivePolicy", text, "Invalid value for deadLetterTargetArn.")
        return cls(target, max_receive_count)


@dataclass(frozen=True, slots=True)
class RedriveAllowPolicy:
    """Which queues may park messages here."""

    permission: str = "allowAll"
    source_arns: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidParameterValue."""
        policy = _json_object("RedriveAllowPolicy", text)
        permission, arns = policy.get("redrivePermission"), policy.get("sourceQueueArns", [])
        if permission not in {"allowAll", "denyAll", "byQueue"}:
            raise _bad_policy(
                "RedriveAllowPolicy", text, "redrivePermission is allowAll, denyAll or byQueue."
            )
        if not isinstance(arns, list) or not all(isinstance(arn, str) for arn in arns):
            raise _bad_policy("RedriveAllowPolicy", text, "sourceQueueArns is a list of ARNs.")
        if (permission == "byQueue") != bool(arns) or len(arns) > limits.REDRIVE_ALLOW_SOURCES_MAX:
            raise _bad_policy(
                "RedriveAllowPolicy", text, "byQueue, and only byQueue, needs 1 to 10 ARNs."
            )
        return cls(str(permission), tuple(arns))

    def allows(self, source_arn: str) -> bool:
        return self.permission == "allowAll" or source_arn in self.source_arns


@dataclass(frozen=True, slots=True)
class QueueAttributes:
    """One version of a queue's attributes; a change makes a new one."""

    is_fifo: bool = False
    delay_s: int = 0
    message_bytes_max: int = limits.MESSAGE_BYTES_MAX
    retention_s: int = limits.RETENTION_S_DEFAULT
    wait_s: int = 0
    visibility_s: int = limits.VISIBILITY_S_DEFAULT
    content_based_dedup: bool = False
    dedup_per_group: bool = False
    throughput: Throughput = Throughput.UNLIMITED
    redrive: RedrivePolicy | None = None
    redrive_allow: RedriveAllowPolicy = RedriveAllowPolicy()
    texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, wanted: Mapping[str, str]) -> Self:
        """Attributes of a new queue.

        Raises InvalidAttributeName, InvalidAttributeValue or InvalidParameterValue.
        """
        is_fifo = "FifoQueue" in wanted
        if is_fifo and wanted["FifoQueue"] != "true":
            # AWS knows the attribute on FIFO queues only.
            raise InvalidAttributeName("Unknown Attribute FifoQueue.")
        return cls._from_texts({**_DEFAULTS, **(_FIFO_DEFAULTS if is_fifo else {})}, wanted)

    @classmethod
    def restored(cls, texts: Mapping[str, str]) -> Self:
        """Attributes that were checked before a restart."""
        return cls._from_texts(texts, {})

    def changed(self, wanted: Mapping[str, str]) -> Self:
        """These attributes with others set.

        Raises InvalidAttributeName, InvalidAttributeValue or InvalidParameterValue.
        """
        if wanted.get("FifoQueue", self.texts.get("FifoQueue")) != self.texts.get("FifoQueue"):
            raise InvalidAttributeValue(
                "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not "
                "supported."
            )
        return self._from_texts(self.texts, wanted)

    @classmethod
    def _from_texts(cls, base: Mapping[str, str], wanted: Mapping[str, str]) -> Self:
        is_fifo = "FifoQueue" in base
        for name, text in wanted.items():
            _check(name, text, is_fifo=is_fifo)
        texts = {**base, **wanted}
        for name in _EMPTY_CLEARS & texts.keys():
            if not texts[name]:
                del texts[name]
        if "KmsMasterKeyId" in texts:
            if wanted.get("SqsManagedSseEnabled") == "true":
                raise InvalidAttributeValue(
                    "You can use one type of server-side encryption (SSE) at one time. You can "
                    "either enable KMS SSE or SQS SSE."
                )
            texts["SqsManagedSseEnabled"] = "false"
        made = cls(
            is_fifo=is_fifo,
            delay_s=int(texts["DelaySeconds"]),
            message_bytes_max=int(texts["MaximumMessageSize"]),
            retention_s=int(texts["MessageRetentionPeriod"]),
            wait_s=int(texts["ReceiveMessageWaitTimeSeconds"]),
            visibility_s=int(texts["VisibilityTimeout"]),
            content_based_dedup=texts.get("ContentBasedDeduplication") == "true",
            dedup_per_group=texts.get("DeduplicationScope") == "messageGroup",
            throughput=_throughput(texts),
            redrive=RedrivePolicy.parse(texts["RedrivePolicy"])
            if "RedrivePolicy" in texts
            else None,
            redrive_allow=RedriveAllowPolicy.parse(texts["RedriveAllowPolicy"])
            if "RedriveAllowPolicy" in texts
            else RedriveAllowPolicy(),
            texts=texts,
        )
        if made.throughput is Throughput.PER_PARTITION and not made.dedup_per_group:
            raise InvalidAttributeValue(
                "Invalid value for the parameter FifoThroughputLimit. Reason: perMessageGroupId "
                "is allowed only when DeduplicationScope is messageGroup."
            )
        return made


def _throughput(texts: Mapping[str, str]) -> Throughput:
    if "FifoQueue" not in texts:
        return Throughput.UNLIMITED
    if texts.get("FifoThroughputLimit") == "perMessageGroupId":
        return Throughput.PER_PARTITION  # with deduplication by group, or it is refused (API)
    return Throughput.PER_QUEUE


def _check(name: str, text: str, *, is_fifo: bool) -> None:
    if name not in KNOWN or name in READ_ONLY or (name in _FIFO_ONLY and not is_fifo):
        raise InvalidAttributeName(f"Unknown Attribute {shown(name)}.")
    if name in _INTEGERS:
        low, high = _INTEGERS[name]
        if not (text.isascii() and text.isdigit() and low <= int(text[:10]) <= high):
            raise _bad_value(name, f"{shown(text)} is not an integer from {low} to {high}")
    elif name in _BOOLEANS:
        if text not in {"true", "false"}:
            raise _bad_value(name, f"{shown(text)} is neither true nor false")
    elif name in _CHOICES:
        if text not in _CHOICES[name]:
            raise _bad_value(name, f"{shown(text)} is none of {', '.join(_CHOICES[name])}")
    elif name == "Policy" and text:
        if len(text.encode()) > limits.POLICY_BYTES_MAX:
            raise _bad_value(name, f"longer than {limits.POLICY_BYTES_MAX} bytes")
        try:
            _json_object(name, text)
        except InvalidParameterValue as error:
            raise _bad_value(name, "not a JSON object") from error


def _bad_value(name: str, reason: str) -> InvalidAttributeValue:
    return InvalidAttributeValue(f"Invalid value for the parameter {name}. Reason: {reason}.")


def _bad_policy(name: str, text: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Value {shown(text)} for parameter {name} is invalid. Reason: {reason}"
    )


def _json_object(name: str, text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _bad_policy(name, text, f"{name} must be a JSON object.")
    return value
