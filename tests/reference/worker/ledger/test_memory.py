"""The ledger in memory is bounded."""

from reference.clock import VirtualClock
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.port import Known, Outcome


def test_the_oldest_is_forgotten_first():
    ledger = MemoryLedger(VirtualClock(), remembered_max=2)
    for email_id in "abc":
        claim = ledger.claim(email_id, provider="p", lease_s=9)
        ledger.settle(claim, Outcome.SENT)
    known = [ledger.claim(email_id, provider="p", lease_s=9).known for email_id in "acb"]
    assert known == [Known.NEW, Known.SENT, Known.NEW]
