"""Several providers as one: the first that works takes the email.

The next one is asked only after a definite failure that may pass. An email that its provider
refuses for good is at fault itself and is offered to nobody else; after an unknown outcome it may
be on its way, so the failure is passed on, and whoever tries again binds the email to the same
provider until an answer arrives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from reference.clock import Clock
from reference.errors import ProviderError, transient_refusal
from reference.providers.base import Outgoing, Provider
from reference.providers.breaker import Breaker, Tolerance

ALL_RESTING = "breaker-open"
NOT_CONFIGURED = "provider-gone"


class Attempts(Protocol):
    """Is told of each call to a provider."""

    def begin(self, provider: str) -> None:
        """Before the call. What it raises keeps the call from being made."""
        ...

    def failed(self, provider: str, error: ProviderError) -> None:
        """After a call that failed."""
        ...


@dataclass(frozen=True, slots=True)
class _Member:
    provider: Provider
    breaker: Breaker


class Failover:
    """See the module. Several threads use it."""

    def __init__(
        self, providers: Sequence[Provider], clock: Clock, tolerance: Tolerance | None = None
    ) -> None:
        """`providers` in the order in which they are asked, at least one."""
        tolerance = tolerance or Tolerance()
        self._members = [_Member(each, Breaker(clock, tolerance)) for each in providers]
        self._log = structlog.get_logger()

    def likely(self) -> str:
        """The name of the provider that would be asked first."""
        working = (each for each in self._members if each.breaker.admits)
        return next(working, self._members[0]).provider.name

    def send(self, outgoing: Outgoing, attempts: Attempts, *, bound_to: str = "") -> str:
        """Hand one email over, and return the name of the provider that took it.

        `bound_to` names the only provider that may be asked. Raises ProviderError, the last one.
        """
        members = [each for each in self._members if bound_to in {"", each.provider.name}]
        failure = transient_refusal(ALL_RESTING if members else NOT_CONFIGURED)
        for member in members:
            permit = member.breaker.admit()
            if permit is None:
                continue
            try:
                return self._attempt(member, permit, outgoing, attempts)
            except ProviderError as error:
                if not (error.is_definite and error.is_transient):
                    raise
                failure = error
        raise failure

    def close(self) -> None:
        for member in self._members:
            member.provider.close()

    def _attempt(self, member: _Member, permit: int, outgoing: Outgoing, attempts: Attempts) -> str:
        """Raises ProviderError."""
        name = member.provider.name
        try:
            attempts.begin(name)
        except BaseException:
            member.breaker.withdraw(permit)
            raise
        is_working = False
        try:
            member.provider.send(outgoing)
            is_working = True
        except ProviderError as error:
            # Who refuses an email for good is at work.
            is_working = not error.is_transient
            attempts.failed(name, error)
            raise
        finally:
            match member.breaker.record(permit, is_working=is_working):
                case "open":
                    self._log.warning("provider is left alone, it keeps failing", provider=name)
                case "closed":
                    self._log.info("provider works again", provider=name)
        return name
