"""The harness's rows in the `faults` ledger, beside those of SQS and sink."""

from pathlib import Path

from loadtests.ledger import LedgerWriter
from scenarios.faults import Fault


class FaultJournal:
    """Says when a fault started, fired (made a difference) and ended."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when the ledger cannot be opened."""
        self._ledger = LedgerWriter(folder / "faults.jsonl")

    def write(self, event: str, fault: Fault, action: str) -> None:
        """`action`: the component, link or provider that is broken."""
        self._ledger.write(event=event, fault=fault.label, kind=fault.kind, action=action)

    def close(self) -> None:
        self._ledger.close()
