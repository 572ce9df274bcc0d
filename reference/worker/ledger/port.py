"""The interface of a delivery ledger. Implementations serve several threads at once."""

import secrets
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

# SQS keeps a message for at most 14 days (SetQueueAttributes, MessageRetentionPeriod): nothing
# older can be delivered again.
RETENTION_MAX_S = 1_209_600
# How long a refusal holds after it was last asked for: longer than a refused email can be away
# because its group pauses before a retry; short enough for an operator who has mended the cause
# and takes it out of the dead-letter queue again.
REFUSED_S = 900.0


class Known(Enum):
    """What the ledger says when somebody wants to send an email."""

    NEW = auto()  # it is the asker's to send
    BUSY = auto()  # somebody else is at it
    SENT = auto()  # a provider accepted it, but the message was not deleted
    REFUSED = auto()  # a provider refused it for good


class Outcome(Enum):
    """How an attempt ended."""

    SENT = auto()
    REFUSED = auto()
    NOT_SENT = auto()  # certainly; it may be tried again, anywhere
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Claim:
    """The ledger's answer; with `known` NEW, the right to one attempt."""

    email_id: str
    known: Known
    token: str = ""  # tells this claim from a later one
    provider: str = ""  # where the attempt must be made
    unknown: int = 0  # attempts before, all at `provider`, whose outcome nobody knows


class Ledger(Protocol):
    """Remembers deliveries by email id."""

    def claim(self, email_id: str, *, provider: str, lease_s: float) -> Claim:
        """Ask for an email, for an attempt at `provider` unless it is bound to another one.

        What is granted is kept safe before this returns, and lapses after `lease_s` seconds.
        Raises LedgerError; then nothing is granted.
        """
        ...

    def move(self, claim: Claim, provider: str) -> bool:
        """The next attempt of a claim is made elsewhere; the one before was certainly in vain.

        False when the claim has lapsed and somebody else has the email. Raises LedgerError.
        """
        ...

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """How the claim's last attempt ended. Raises LedgerError.

        SENT counts always. After a claim has lapsed and somebody else has the email, all else
        says nothing that is still of use, and the attempt stays among those of unknown outcome.
        """
        ...

    def close(self) -> None:
        """No call may follow."""
        ...


class LedgerReader(Protocol):
    """What one who sends nothing may ask a ledger."""

    def known(self, email_id: str) -> Known:
        """NEW when nothing is known of it. Raises LedgerError."""
        ...


def new_token() -> str:
    """A name for one claim, unlike that of any worker anywhere."""
    return secrets.token_hex(8)
