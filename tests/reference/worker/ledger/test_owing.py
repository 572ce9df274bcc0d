"""Outcomes that cannot be written are kept, and come before everything else."""

import pytest
from structlog.testing import capture_logs

from reference.clock import VirtualClock
from reference.errors import LedgerError
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.owing import OwingLedger
from reference.worker.ledger.port import Known, Outcome


class Breakable(MemoryLedger):
    """Can be full."""

    is_full = False

    def _check(self):
        if self.is_full:
            raise LedgerError("SQLITE_FULL")

    def claim(self, *arguments, **options):
        self._check()
        return super().claim(*arguments, **options)

    def settle(self, *arguments):
        self._check()
        super().settle(*arguments)


@pytest.fixture
def written():
    return Breakable(VirtualClock())


@pytest.fixture
def ledger(written):
    return OwingLedger(written)


def claim(ledger, email_id="em_1"):
    return ledger.claim(email_id, provider="a", lease_s=0)


def test_what_was_sent_while_the_ledger_was_full_is_known_once_it_is_not(ledger, written):
    granted = claim(ledger)
    written.is_full = True
    with capture_logs() as logs:
        ledger.settle(granted, Outcome.SENT)
    assert [(row["log_level"], row["code"]) for row in logs] == [("error", "SQLITE_FULL")]
    with pytest.raises(LedgerError):
        claim(ledger)
    written.is_full = False
    assert claim(ledger).known is Known.SENT


def test_while_anything_is_owed_nothing_else_is_granted(ledger, written, monkeypatch):
    granted = claim(ledger)
    written.is_full = True
    ledger.settle(granted, Outcome.SENT)
    monkeypatch.setattr(Breakable, "claim", MemoryLedger.claim)  # reads alone work again
    with pytest.raises(LedgerError):
        claim(ledger, "em_2")


def test_debts_are_paid_at_the_end_or_told(ledger, written):
    granted = claim(ledger)
    written.is_full = True
    ledger.settle(granted, Outcome.SENT)
    with capture_logs() as logs:
        ledger.close()
    assert [row["emails"] for row in logs] == [1]
    written.is_full = False
    ledger.close()
    assert written.claim("em_1", provider="a", lease_s=0).known is Known.SENT
