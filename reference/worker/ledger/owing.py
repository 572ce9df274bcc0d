"""Before a ledger that may be unable to write: what it still owes is kept in memory.

When the disk is full or the table cannot be reached, no email can be claimed, so none is sent: the
messages come back later. Only attempts that are under way at that moment end with an outcome that
cannot be written down. This keeps them and writes them first thing when the ledger works again;
until then no claim is granted at all, so they are never more than there are senders.
"""

import threading

import structlog

from reference.errors import LedgerError
from reference.worker.ledger.port import Claim, Ledger, Outcome


class OwingLedger:
    """See the module."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._owed: dict[str, tuple[Claim, Outcome]] = {}  # by the claim's token
        self._log = structlog.get_logger()

    def claim(self, email_id: str, *, provider: str, lease_s: float) -> Claim:
        if self._owed:
            self._pay()
        return self._ledger.claim(email_id, provider=provider, lease_s=lease_s)

    def move(self, claim: Claim, provider: str) -> bool:
        return self._ledger.move(claim, provider)

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Never raises; an outcome that cannot be written is owed."""
        try:
            self._ledger.settle(claim, outcome)
        except LedgerError as error:
            with self._lock:
                self._owed[claim.token] = (claim, outcome)
            self._log.error(
                "delivery ledger cannot write an outcome; it is kept in memory",
                code=error.code,
                email_id=claim.email_id,
                outcome=outcome.name,
            )

    def close(self) -> None:
        try:
            self._pay()
        except LedgerError as error:
            self._log.error(
                "delivery ledger never took these outcomes", code=error.code, emails=len(self._owed)
            )
        self._ledger.close()

    def _pay(self) -> None:
        """Raises LedgerError while the ledger cannot write."""
        with self._lock:
            for token, (claim, outcome) in list(self._owed.items()):
                self._ledger.settle(claim, outcome)
                del self._owed[token]
