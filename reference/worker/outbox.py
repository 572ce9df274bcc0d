"""One email to the providers: claimed in the ledger, journalled call by call, settled.

The order of writing is what makes a crash harmless: the claim before the call, and once the
provider has answered the ledger before the journal, so that what the journal calls sent is never
sent again.
"""

import threading
from collections import Counter

import structlog

from reference.clock import Clock
from reference.domain import QueuedEmail
from reference.errors import LedgerError, ProviderError
from reference.providers.base import Outgoing
from reference.providers.failover import Failover
from reference.worker import decide
from reference.worker.custody import Held
from reference.worker.decide import Decision, Delete, LeaveForRedrive, Send
from reference.worker.ledger.port import Claim, Known, Ledger, Outcome
from reference.worker.record import WorkerJournal

MARKER_LEASE_S = 1.0  # nothing lies between claiming and settling it


class Outbox:
    """Sends emails; several threads use it."""

    def __init__(
        self, *, failover: Failover, ledger: Ledger, journal: WorkerJournal, clock: Clock
    ) -> None:
        self._failover = failover
        self._ledger = ledger
        self._journal = journal
        self._clock = clock
        self._log = structlog.get_logger()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._under_way: set[str] = set()  # emails that this process is sending

    def send(self, held: Held, queued: QueuedEmail, *, lease_s: float) -> Decision:
        """Send one email if nobody has or does, and say what is to become of its message.

        `lease_s` is how long nobody else shall try.
        """
        email_id = queued.email_id
        with self._lock:
            is_under_way = email_id in self._under_way
            self._under_way.add(email_id)
        if is_under_way:
            # The lease may have lapsed while this very process stood still in mid-call.
            return self._decide(held, queued, Claim(email_id, Known.BUSY))
        try:
            return self._claim_and_send(held, queued, lease_s)
        finally:
            with self._lock:
                self._under_way.discard(email_id)

    def pass_marker(self, held: Held, marker_id: str) -> Decision:
        """Keep in the ledger that all which its group had in this queue is done with."""
        try:
            claim = self._ledger.claim(marker_id, provider="", lease_s=MARKER_LEASE_S)
        except LedgerError as error:
            self._log.error("delivery ledger unavailable", code=error.code, **held.ids())
            return self._after(held, error)
        if claim.known is Known.BUSY:
            return decide.after_claim(
                claim,
                message_id=held.message.message_id,
                receive_count=held.message.receive_count,
            )
        if claim.known is Known.NEW:
            self._ledger.settle(claim, Outcome.SENT)
        return Delete("marker")

    def counts(self) -> dict[str, int]:
        """How often something out of the ordinary happened."""
        with self._lock:
            return dict(self._counts)

    def _claim_and_send(self, held: Held, queued: QueuedEmail, lease_s: float) -> Decision:
        provider = self._failover.likely()
        try:
            claim = self._ledger.claim(queued.email_id, provider=provider, lease_s=lease_s)
        except LedgerError as error:
            self._log.error("delivery ledger unavailable", code=error.code, **held.ids())
            return self._after(held, error)
        return self._decide(held, queued, claim)

    def _decide(self, held: Held, queued: QueuedEmail, claim: Claim) -> Decision:
        decision = decide.after_claim(
            claim,
            message_id=held.message.message_id,
            receive_count=held.message.receive_count,
        )
        if isinstance(decision, Send):
            return self._attempt(held, queued, claim)
        if claim.token:
            self._ledger.settle(claim, Outcome.NOT_SENT)
        self._count(decision.reason)
        if isinstance(decision, LeaveForRedrive):
            self._journal.write("failed", held, decision.reason)
            self._log.error("email cannot be sent", reason=decision.reason, **held.ids())
        return decision

    def _attempt(self, held: Held, queued: QueuedEmail, claim: Claim) -> Decision:
        began_s = self._clock.now_s()
        provider = ""
        error: ProviderError | LedgerError | None = None
        try:
            provider = self._failover.send(
                Outgoing(queued.email_id, queued.email),
                _Attempts(self._ledger, self._journal, held, claim),
                bound_to=claim.provider if claim.unknown else "",
            )
        except (ProviderError, LedgerError) as caught:
            error = caught
        duration_ms = round((self._clock.now_s() - began_s) * 1000, 2)
        self._ledger.settle(claim, _outcome(error))
        decision = self._after(held, error)
        if error is None:
            if provider != claim.provider:
                self._count("failed-over")
            self._journal.write("sent", held, provider=provider)
            self._log.info("email sent", provider=provider, duration_ms=duration_ms, **held.ids())
            return decision
        if not error.is_definite:
            self._count("unknown-outcome")
        self._log.warning(
            "email not sent",
            reason=decide.reason_of(error),
            unknown_attempts=claim.unknown + (not error.is_definite),
            duration_ms=duration_ms,
            **held.ids(),
        )
        return decision

    def _after(self, held: Held, error: ProviderError | LedgerError | None) -> Decision:
        return decide.after_send(
            error,
            message_id=held.message.message_id,
            receive_count=held.message.receive_count,
        )

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1


class _Attempts:
    """Writes down each call to a provider, for one claim."""

    def __init__(self, ledger: Ledger, journal: WorkerJournal, held: Held, claim: Claim) -> None:
        self._ledger = ledger
        self._journal = journal
        self._held = held
        self._claim = claim
        self._provider = claim.provider  # where the ledger says that the attempt is made

    def begin(self, provider: str) -> None:
        """Raises LedgerError when it may not be made there, or could not be written down."""
        if provider != self._provider:
            if not self._ledger.move(self._claim, provider):
                raise LedgerError("lease-lost")
            self._provider = provider
        try:
            self._journal.write_ahead("attempted", self._held, provider=provider)
        except OSError as error:
            raise LedgerError("journal") from error

    def failed(self, provider: str, error: ProviderError) -> None:
        reason = decide.reason_of(error)
        self._journal.write(
            "failed", self._held, reason, provider=provider, definite=error.is_definite
        )


def _outcome(error: ProviderError | LedgerError | None) -> Outcome:
    if error is None:
        return Outcome.SENT
    if not error.is_definite:
        return Outcome.UNKNOWN
    return Outcome.NOT_SENT if error.is_transient else Outcome.REFUSED
