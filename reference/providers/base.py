"""The interface of an email provider.

A provider either answers `Accepted`, and is then answerable for the delivery, or raises a
ProviderError that says what is known: transient or permanent, definite or indefinite. It does
not retry; the queue does. Implementations serve several threads at once.
"""

from dataclasses import dataclass
from typing import Protocol

from reference.domain import Email


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An email under its id. Repeats carry the same id, so that a provider can recognise them."""

    email_id: str
    email: Email


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has taken the email over. `provider_id` is its own name for it, or empty."""

    provider_id: str


class Provider(Protocol):
    """Somebody who delivers email."""

    name: str

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand one email over. Raises ProviderError."""
        ...

    def close(self) -> None:
        """Give connections back; no send may follow."""
        ...
