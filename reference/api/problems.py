"""Error answers as RFC 9457 problem documents.

A problem names what to change and never repeats what was sent: answers end up in senders' logs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus

import orjson
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a request: where it is, and what belongs there."""

    field: str
    wanted: str


class Problem(Exception):  # noqa: N818 - RFC 9457's name
    """A request that ends in an error answer."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        violations: Sequence[Violation] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`kind` is the stable name that clients may switch on."""
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.violations = violations
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer to send."""
        document: dict[str, object] = {
            "type": f"urn:email-api:problem:{self.kind}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        if self.violations:
            document["errors"] = [asdict(violation) for violation in self.violations]
        return Response(
            orjson.dumps(document),
            status_code=self.status,
            headers=self.headers,
            media_type="application/problem+json",
        )


def unauthorised() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "unauthorised",
        "Send a valid API key as 'Authorization: Bearer KEY'.",
        headers={"WWW-Authenticate": 'Bearer realm="email"'},
    )


def malformed_json() -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "malformed-json", "The body is not JSON in UTF-8.")


def wrong_media_type() -> Problem:
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "wrong-media-type",
        "Send the email as application/json, without a content encoding.",
    )


def invalid(violations: Sequence[Violation]) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-request",
        "Correct the fields named in 'errors'; nothing was sent.",
        violations=violations,
    )


def key_reused() -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "key-reused",
        "This Idempotency-Key was used for a different email; nothing was sent. Use a new key.",
    )


def too_large(what: str, bytes_max: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        f"{what} may have at most {bytes_max} bytes; nothing was sent.",
    )


def not_sent(retry_after_s: int) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not-sent",
        "The queue did not take the email; it was certainly not sent. Retry later.",
        headers={"Retry-After": str(retry_after_s)},
    )


def busy(retry_after_s: int) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "busy",
        "More emails wait than the queue takes; this one was certainly not sent. Retry later.",
        headers={"Retry-After": str(retry_after_s)},
    )


def outcome_unknown(*, has_key: bool) -> Problem:
    advice = (
        "A retry with the same Idempotency-Key is safe."
        if has_key
        else "This request had no Idempotency-Key, so a retry may send the email twice."
    )
    return Problem(
        HTTPStatus.GATEWAY_TIMEOUT,
        "outcome-unknown",
        f"The queue's answer did not arrive, so the email may have been accepted. {advice}",
    )


def not_ready() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not-ready",
        "The queue cannot be reached.",
        headers={"Retry-After": "1"},
    )


def internal() -> Problem:
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "The service failed; the email may have been accepted.",
    )


def of_http_status(status: int, headers: Mapping[str, str] | None) -> Problem:
    """For what the router refuses: an unknown path or a wrong method."""
    known = HTTPStatus(status)
    return Problem(known, known.phrase.lower().replace(" ", "-"), known.phrase, headers=headers)
