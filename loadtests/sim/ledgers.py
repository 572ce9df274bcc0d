"""The evidence of one simulation, in memory: the same rows that live components write to files."""

from collections.abc import Callable
from typing import Any

from loadtests.sim.scheduler import Process
from reference.clock import VirtualClock

Row = dict[str, Any]


WRITE_S = 1e-6  # so that no two rows are of one time, as none are in life


class Ledgers:
    """Rows by ledger; triggers are told of each as it is written."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.rows: dict[str, list[Row]] = {
            name: [] for name in ("sender", "queue", "worker", "sink", "faults", "metrics")
        }
        self._watchers: dict[str, list[Callable[[Row], None]]] = {}

    def watch(self, ledger: str, tell: Callable[[Row], None]) -> None:
        self._watchers.setdefault(ledger, []).append(tell)

    def write(self, ledger: str, row: Row) -> None:
        self.rows[ledger].append(row)
        self._clock.advance(WRITE_S)
        for tell in self._watchers.get(ledger, ()):
            tell(row)


class LedgerJournal:
    """A component's journal: see `reference.journal`."""

    def __init__(self, ledgers: Ledgers, ledger: str) -> None:
        self._ledgers = ledgers
        self._ledger = ledger

    def write(self, **row: object) -> None:
        self._ledgers.write(self._ledger, row)


class ProcessJournal(LedgerJournal):
    """Of one life of a process: the dead write nothing.

    `lose_turn` is called after each row, because right there a process can die, or its thread
    have to wait for another.
    """

    def __init__(
        self, ledgers: Ledgers, ledger: str, process: Process, lose_turn: Callable[[], None]
    ) -> None:
        super().__init__(ledgers, ledger)
        self._process = process
        self._lose_turn = lose_turn

    def write(self, **row: object) -> None:
        if not self._process.is_dead:
            self._ledgers.write(self._ledger, row)
            self._lose_turn()
