"""What to do with a message: pure, so that tables and the simulator can try every case.

Bounds come from SQS: visibility lasts at most 12 hours from the receive, and a message is
parked in the dead-letter queue once it was received more often than maxReceiveCount.
"""

import zlib
from dataclasses import dataclass

from reference.domain import QueuedEmail
from reference.errors import LedgerError, ProviderError
from reference.sqs_client import VISIBILITY_MAX_S
from reference.worker.ledger.port import REFUSED_S, Claim, Known

RETRY_FIRST_S = 1
RETRY_MAX_S = 300
PAUSE_LONGEST_S = RETRY_MAX_S * 5 // 4  # with the spread
assert REFUSED_S > 2 * PAUSE_LONGEST_S  # a refusal outlasts the pause of its group
# Without a ledger nothing can be sent, and every receive brings a message closer to the
# dead-letter queue, so its messages come back less often.
LEDGER_PAUSE_S = 10
# Each attempt of unknown outcome may have been an email. So many, over some seven seconds at least,
# then a person has to look.
UNKNOWN_ATTEMPTS_MAX = 4
# Receives after which a hopeless message is no longer hurried to the dead-letter queue: there
# seems to be none. AWS's default maxReceiveCount is 10.
HURRIED_RECEIVES_MAX = 10
UNPARKED_PAUSE_S = 60
# A postponed message must be back before SQS's 12 hours are over.
POSTPONE_MAX_S = VISIBILITY_MAX_S - 60


@dataclass(frozen=True, slots=True)
class Send:
    """Hand it to the provider."""


@dataclass(frozen=True, slots=True)
class Delete:
    """It is done."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Let it come back, and all that stands behind it in its group."""

    visibility_s: int
    reason: str


@dataclass(frozen=True, slots=True)
class Postpone:
    """It is not due yet."""

    visibility_s: int


@dataclass(frozen=True, slots=True)
class Release:
    """Give it back at once, unsent, and all that stands behind it."""

    reason: str


@dataclass(frozen=True, slots=True)
class LeaveForRedrive:
    """It can never be sent: let SQS park it. The group goes on without it."""

    visibility_s: int
    reason: str


@dataclass(frozen=True, slots=True)
class Abandon:
    """It may be in other hands already: do not touch it."""

    reason: str


Decision = Send | Delete | Retry | Postpone | Release | LeaveForRedrive | Abandon


@dataclass(frozen=True, slots=True)
class GivenBack:
    """How a message that was not done with returns to the queue, and what the journal says."""

    visibility_s: int | None  # None: it is left to expire
    event: str
    reason: str


def giving_back(decision: Decision) -> GivenBack:
    """For every decision that leaves the message in the queue."""
    match decision:
        case Postpone(visibility_s):
            return GivenBack(visibility_s, "postponed", "not-due")
        case Retry(visibility_s, reason) | LeaveForRedrive(visibility_s, reason):
            return GivenBack(visibility_s, "released", reason)
        case Release(reason):
            return GivenBack(0, "released", reason)
        case Abandon(reason):
            return GivenBack(None, "released", reason)
    raise AssertionError(f"{decision} does not give its message back")


def before_send(
    email: QueuedEmail | None,
    *,
    receive_count: int,
    visible_in_s: float,
    margin_s: float,
    wall_s: float,
    is_marker: bool = False,
    is_stopping: bool = False,
) -> Send | Postpone | Release | LeaveForRedrive | Abandon:
    """Whether to ask the ledger for it. `email` is None when the body could not be read.

    `visible_in_s` is the time until others can receive the message; with `margin_s` or less
    left, a send might overlap with theirs.
    """
    if visible_in_s <= margin_s:
        return Abandon("visibility-lost")
    if is_stopping:
        return Release("stopping")
    if is_marker:
        return Send()
    if email is None:
        return _leave(receive_count, "unreadable")
    if email.send_after is not None:
        due_in_s = email.send_after.timestamp() - wall_s
        if due_in_s > 0:
            return Postpone(min(POSTPONE_MAX_S, int(due_in_s) + 1))
    return Send()


def after_claim(
    claim: Claim, *, message_id: str, receive_count: int
) -> Send | Delete | Retry | LeaveForRedrive:
    """Whether to send, as the ledger answered."""
    match claim.known:
        case Known.SENT:
            return Delete("already-sent")
        case Known.REFUSED:
            return _leave(receive_count, "already-refused")
        case Known.BUSY:
            return Retry(_backoff_s(message_id, receive_count), "in-other-hands")
    if claim.unknown >= UNKNOWN_ATTEMPTS_MAX:
        return _leave(receive_count, "unknown-too-often")
    return Send()


def after_send(
    error: ProviderError | LedgerError | None, *, message_id: str, receive_count: int
) -> Delete | Retry | LeaveForRedrive:
    """`error` is None when a provider accepted the email.

    An unknown outcome is retried: a second copy is a nuisance, a lost email is not forgiven.
    """
    if error is None:
        return Delete()
    reason = reason_of(error)
    if not error.is_transient:
        return _leave(receive_count, reason)
    pause_s = _backoff_s(message_id, receive_count)
    if isinstance(error, LedgerError):
        pause_s = max(pause_s, LEDGER_PAUSE_S)
    return Retry(pause_s, reason)


def reason_of(error: ProviderError | LedgerError) -> str:
    """What logs and journals call a failure."""
    if isinstance(error, LedgerError):
        return f"ledger:{error.code}"
    if not error.is_definite:
        return f"unknown:{error.code}"
    return f"{'transient' if error.is_transient else 'permanent'}:{error.code}"


def _leave(receive_count: int, reason: str) -> LeaveForRedrive:
    hurried = receive_count <= HURRIED_RECEIVES_MAX
    return LeaveForRedrive(0 if hurried else UNPARKED_PAUSE_S, reason)


def _backoff_s(message_id: str, receive_count: int) -> int:
    """Doubles with each receive; spread by a quarter so that groups do not return together."""
    doublings = min(receive_count - 1, RETRY_MAX_S.bit_length())
    spread = 0.75 + 0.5 * zlib.crc32(message_id.encode()) / 2**32
    return max(1, round(min(RETRY_MAX_S, RETRY_FIRST_S << doublings) * spread))
