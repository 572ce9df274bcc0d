"""A POST's headers and body, read and checked.

Violations name the field and what belongs there. Nothing of the input is repeated, not even a
key of its objects, because senders put addresses anywhere.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.requests import Request

from reference.api import problems
from reference.api.problems import Violation
from reference.domain import (
    CUSTOM_HEADERS_MAX,
    LINE_LENGTH_MAX,
    MESSAGE_GROUP,
    RECIPIENTS_MAX,
    EmailRequest,
    unquoted,
)

# The worker postpones by visibility, which SQS lets last 12 hours.
SEND_AFTER_AHEAD_MAX = timedelta(hours=12)

_ADDRESS = "an address such as ann@example.com or Ann Example <ann@example.com>"
_GROUP = "1 to 128 printable ASCII characters without spaces"
_TEXT = "text without control characters; at least one of text and html"
WANTED = {
    "from": _ADDRESS,
    "to": f"a list of addresses, at least 1; to, cc and bcc together at most {RECIPIENTS_MAX}",
    "cc": "a list of addresses",
    "bcc": "a list of addresses",
    "reply_to": _ADDRESS,
    "subject": f"one line of text of at most {LINE_LENGTH_MAX} characters",
    "text": _TEXT,
    "html": _TEXT,
    "headers": (
        f"an object of at most {CUSTOM_HEADERS_MAX} X-* headers, each once and one line of text; "
        "headers that steer the provider, such as X-SES-*, are reserved"
    ),
    "send_after": "a time with a UTC offset, at most 12 hours ahead, such as 2030-01-31T09:00:00Z",
    "message_group": _GROUP,
}
_WHOLE = (
    f"a JSON object of {', '.join(WANTED)}, with at least one of text and html and at most "
    f"{RECIPIENTS_MAX} recipients in all"
)
_IDEMPOTENCY_KEY = re.compile(r"[ -~]{1,255}")


async def read_body(request: Request, *, bytes_max: int) -> bytes:
    """The request's body. Raises Problem when it is not JSON by its headers, or too large."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if media_type != "application/json" or encoding != "identity":
        raise problems.wrong_media_type()
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > bytes_max:
        raise problems.too_large("The request", bytes_max)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise problems.too_large("The request", bytes_max)
    return bytes(body)


def parse_email(body: bytes, *, wall_s: float) -> EmailRequest:
    """Raises Problem."""
    try:
        request = EmailRequest.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if any(entry["type"] == "json_invalid" for entry in found):
            raise problems.malformed_json() from None
        raise problems.invalid(_violations(entry["loc"] for entry in found)) from None
    latest = datetime.fromtimestamp(wall_s, UTC) + SEND_AFTER_AHEAD_MAX
    if request.send_after is not None and request.send_after > latest:
        raise problems.invalid([Violation("send_after", WANTED["send_after"])])
    return request


def idempotency_key(headers: Headers) -> str | None:
    """The sender's Idempotency-Key.

    Raises Problem.
    """
    values = headers.getlist("idempotency-key")
    if not values:
        return None
    if len(values) > 1 or not _IDEMPOTENCY_KEY.fullmatch(values[0]):
        raise problems.invalid(
            [Violation("Idempotency-Key", "one header of 1 to 255 printable ASCII characters")]
        )
    return unquoted(values[0])


def message_group(headers: Headers, request: EmailRequest, *, tenant: str, email_id: str) -> str:
    """The FIFO group of an email: emails of one group leave in the order of their acceptance.

    An email that is to leave later gets a group of its own, so that it holds nobody up. Raises
    Problem.
    """
    values = headers.getlist("x-message-group")
    if values and (len(values) > 1 or not MESSAGE_GROUP.fullmatch(values[0])):
        raise problems.invalid([Violation("X-Message-Group", f"one header of {_GROUP}")])
    if request.send_after is not None:
        return f"later-{email_id}"
    return values[0] if values else request.message_group or tenant


def json_schema() -> dict[str, Any]:
    """The body's schema for the OpenAPI document."""
    mode: Literal["validation"] = "validation"
    return EmailRequest.model_json_schema(mode=mode)


def _violations(places: Iterable[tuple[int | str, ...]]) -> list[Violation]:
    """One violation for each place, in order; only names that are ours are repeated."""
    wanted: dict[str, str] = {}
    for place in places:
        top = str(place[0]) if place else ""
        if top not in WANTED:
            wanted.setdefault("body", _WHOLE)
        elif len(place) > 1 and isinstance(place[1], int):
            wanted.setdefault(f"{top}[{place[1]}]", _ADDRESS)
        else:
            wanted.setdefault(top, WANTED[top])
    return [Violation(field, text) for field, text in wanted.items()]
