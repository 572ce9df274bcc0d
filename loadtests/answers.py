"""What can be concluded from an answer, or from none. Pure: no Locust, no network."""

from dataclasses import dataclass
from typing import Any


def outcome_of(response: Any) -> tuple[str, str | None]:
    """(kind, code) of an HTTP attempt: what can be known of it.

    202, or 200 where a service says it so: accepted, for that is what the sender learns. 4xx: the
    server says it was not done. Another answer, a lost connection or a timeout: unknown. Only a
    refused connection is certain without an answer: nothing was sent.
    """
    status = response.status_code
    if status in {200, 202}:
        return "ok", None
    if 400 <= status < 500:
        return "fail", f"HTTP {status}"
    if status:
        return "info", f"HTTP {status}"
    refused = isinstance(_error(response), ConnectionRefusedError)
    return ("fail" if refused else "info"), type(_error(response)).__name__


def is_worth_repeating(kind: str, code: str | None) -> bool:
    """Whether a sender tries again: it cannot know, nobody was there, or it was too early."""
    return kind == "info" or code in {"ConnectionRefusedError", "HTTP 429"}


@dataclass(frozen=True)
class CallResult:
    """What one SQS call came to."""

    outcome: str  # admitted, throttled, error
    status: int | None  # HTTP status; None: no answer
    code: str | None  # AWS error code, or why there was no answer
    answer: dict[str, Any]


def call_result(response: Any) -> CallResult:
    """Read the answer to an SQS call."""
    status = response.status_code
    if status == 200:
        return CallResult("admitted", status, None, response.json() if response.content else {})
    if not status:
        return CallResult("error", None, type(_error(response)).__name__, {})
    code = response.headers.get("x-amzn-query-error", f"HTTP {status}").split(";")[0]
    throttled = code.endswith(("RequestThrottled", "ThrottlingException"))
    return CallResult("throttled" if throttled else "error", status, code, {})


def _error(response: Any) -> BaseException | None:
    """Why there was no answer; Locust gives the attribute only to answers that failed."""
    error: BaseException | None = getattr(response, "error", None)
    return error


def email_id_of(response: Any) -> str | None:
    """As the answer names it; None when it names none, or an empty one."""
    try:
        return str(response.json()["id"]) or None
    except (ValueError, KeyError, TypeError):
        return None


def retry_after_s(headers: Any) -> float:
    try:
        return max(0.0, float((headers or {}).get("retry-after", 0)))
    except ValueError:
        return 0.0  # a date, or nonsense: our own pause will do
