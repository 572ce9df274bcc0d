"""What SQS accepts as a name, a token, a text, a number.

Wording follows AWS's answers, so a message that a developer looks up is found. Sources: API
Reference of the operation that takes the value; alphabets and lengths in `limits.py`.
"""

import re
from collections.abc import Mapping

from reference.cloud.sqs import limits
from reference.cloud.sqs.errors import InvalidMessageContents, InvalidParameterValue

_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
# Alphanumeric and punctuation: every printable ASCII character except the space.
is_token = re.compile(r"[!-~]{1,128}").fullmatch
_FORBIDDEN_IN_BODY = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAIN = {9, 10, 13, *range(32, 128)}
_CHANGES_WHAT_IS_NOT_PLAIN = bytes(each if each in _PLAIN else each ^ 1 for each in range(256))
_SHOWN_MAX = 80


def shown(value: object) -> str:
    """The value as an error message quotes it: never longer than a line."""
    text = str(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}... ({len(text)} characters)"


def check_queue_name(name: str, *, is_fifo: bool) -> None:
    """Raises InvalidParameterValue unless a queue of this type may have this name."""
    if is_fifo:
        stem = name.removesuffix(".fifo")
        if stem == name or not _QUEUE_NAME.fullmatch(stem) or len(name) > 80:
            raise InvalidParameterValue(
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                "underscores, must end with .fifo suffix and be 1 to 80 in length."
            )
    elif not _QUEUE_NAME.fullmatch(name):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )


def is_queue_name(name: str) -> bool:
    """Whether a queue of either type may have this name."""
    return len(name) <= 80 and _QUEUE_NAME.fullmatch(name.removesuffix(".fifo")) is not None


def is_entry_id(entry_id: str) -> bool:
    return _ENTRY_ID.fullmatch(entry_id) is not None


def check_token(parameter: str, value: str) -> None:
    """For MessageGroupId, MessageDeduplicationId and ReceiveRequestAttemptId.

    Raises InvalidParameterValue.
    """
    if not is_token(value):
        raise invalid_token(parameter, value)


def invalid_token(parameter: str, value: str) -> InvalidParameterValue:
    """The error for a value that is no token."""
    return InvalidParameterValue(
        f"Value {shown(value)} for parameter {parameter} is invalid. Reason: {parameter} can "
        "only include alphanumeric and punctuation characters. 1 to 128 in length."
    )


def check_range(parameter: str, value: int, low: int, high: int) -> None:
    """Raises InvalidParameterValue."""
    if not low <= value <= high:
        raise InvalidParameterValue(
            f"Value {value} for parameter {parameter} is invalid. "
            f"Reason: Must be between {low} and {high}, if provided."
        )


def check_total_visibility(held_s: float, timeout_s: int) -> None:
    """A message is hidden for 12 hours in all at most. Raises InvalidParameterValue."""
    if timeout_s and held_s + timeout_s > limits.VISIBILITY_S_MAX:
        raise InvalidParameterValue(
            f"Value {timeout_s} for parameter VisibilityTimeout is invalid. Reason: Total "
            f"VisibilityTimeout for the message is beyond the limit "
            f"[{limits.VISIBILITY_S_MAX} seconds]"
        )


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises InvalidParameterValue: DG quotas-queues.html, 'Queue tags'."""
    if len(tags) > limits.TAGS_MAX:
        raise InvalidParameterValue(
            f"Too many tags: {len(tags)}. A queue has at most {limits.TAGS_MAX}."
        )
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise InvalidParameterValue(
                f"Tag {shown(key)} is invalid: keys have 1 to 128 characters and do not start "
                "with aws:, values have up to 256."
            )


def encoded_body(body: str) -> bytes:
    """The body in UTF-8, which is what counts against the limits.

    Raises InvalidMessageContents when a character is none that XML 1.0 allows, and
    InvalidParameterValue when the body is empty.
    """
    if not body:
        raise InvalidParameterValue("The request must contain the parameter MessageBody.")
    encoded = body.encode()
    # Most bodies are plain ASCII: translating, which changes nothing, is quicker than searching.
    if encoded.translate(_CHANGES_WHAT_IS_NOT_PLAIN) != encoded:
        check_characters("the message", body)
    return encoded


def check_characters(where: str, text: str) -> None:
    """Raises InvalidMessageContents when a character is none that XML 1.0 allows."""
    if match := _FORBIDDEN_IN_BODY.search(text):
        raise InvalidMessageContents(
            f"Invalid characters found: character {match.start()} of {where} is "
            f"#x{ord(match.group()):X}. Valid are #x9 | #xA | #xD | #x20 to #xD7FF | "
            "#xE000 to #xFFFD | #x10000 to #x10FFFF."
        )


def message_too_large(maximum_bytes: int) -> InvalidParameterValue:
    """The error for a message over its queue's limit."""
    return InvalidParameterValue(
        "One or more parameters are invalid. Reason: Message must be shorter than "
        f"{maximum_bytes} bytes."
    )
