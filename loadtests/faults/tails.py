"""Counting the events of ledgers while they are written, for faults that wait for one.

Only what was appended since the last look is read, so a look costs little and may be frequent. A
fault that waits for the moment between two events of a pipeline comes a few milliseconds late;
where that is too late, a slow answer from SQS holds the moment open.
"""

import json
from collections import Counter
from pathlib import Path

from scenarios.faults import Trigger


class LedgerTail:
    """One growing .jsonl file."""

    def __init__(self, path: Path, event: str | None = None) -> None:
        """`event` is what a row that names none is counted as."""
        self._path = path
        self._event = event
        self._offset = path.stat().st_size if path.exists() else 0
        self._torn = b""
        self.counts: Counter[str] = Counter()

    def look(self) -> None:
        """Count what came since the last look."""
        try:
            if self._path.stat().st_size == self._offset:
                return
            with self._path.open("rb") as file:
                file.seek(self._offset)
                new = file.read()
        except FileNotFoundError:
            return  # nobody has written yet
        self._offset += len(new)
        *lines, self._torn = (self._torn + new).split(b"\n")
        for line in lines:
            try:
                self.counts[self._event or json.loads(line)["event"]] += 1
            except (ValueError, KeyError, TypeError):
                continue  # torn by a fault of ours; no event


class Triggers:
    """Whether the moments that faults wait for have come; counted from its making."""

    def __init__(self, folder: Path, ledgers: set[str]) -> None:
        self._tails = {
            ledger: LedgerTail(folder / f"{ledger}.jsonl", _IMPLIED.get(ledger))
            for ledger in ledgers
        }

    def look(self) -> None:
        for tail in self._tails.values():
            tail.look()

    def has_come(self, trigger: Trigger) -> bool:
        return self._tails[trigger.ledger].counts[trigger.event] >= trigger.count


_IMPLIED = {"sink": "delivered"}  # its rows are deliveries and say nothing else
