"""The worker in the simulation: `reference.worker` as it is, on simulated threads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtests.sim.network import Exchange
from loadtests.sim.scheduler import Process
from loadtests.sim.threads import SimThreads
from reference.clock import Clock
from reference.journal import Journal
from reference.providers.base import Provider
from reference.sqs_client import QueueReader
from reference.worker.ledger.port import Claim, Ledger, Outcome
from reference.worker.loop import Pace, Source, Worker

CONNECT_TIMEOUT_S = 2.0
CALL_TIMEOUT_S = 5.0
PROVIDER_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """What a worker is made of."""

    polls: QueueReader
    calls: QueueReader
    providers: Sequence[Provider]
    ledger: Ledger
    journal: Journal
    clock: Clock
    pace: Pace
    threads: SimThreads


# Puts a worker together; a planted twin is put together otherwise.
MakeWorker = Callable[[WorkerParts], Worker]


def reference_worker(parts: WorkerParts) -> Worker:
    """As `reference.worker.__main__` puts it together."""
    return Worker(
        sources=[Source(polls=parts.polls, calls=parts.calls)],
        providers=parts.providers,
        ledger=parts.ledger,
        journal=parts.journal,
        clock=parts.clock,
        pace=parts.pace,
        threads=parts.threads,
    )


class DiskLedger:
    """The delivery ledger as one life of the worker sees it; what is written outlives that.

    `lose_turn` is called after each write, because right there a process can die.
    """

    def __init__(self, written: Ledger, lose_turn: Callable[[], None]) -> None:
        self._written = written
        self._lose_turn = lose_turn

    def claim(self, email_id: str, *, provider: str, lease_s: float) -> Claim:
        claim = self._written.claim(email_id, provider=provider, lease_s=lease_s)
        self._lose_turn()
        return claim

    def move(self, claim: Claim, provider: str) -> bool:
        is_ours = self._written.move(claim, provider)
        self._lose_turn()
        return is_ours

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        self._written.settle(claim, outcome)
        self._lose_turn()

    def close(self) -> None:
        """The file stays."""


class WorkerLife:
    """One life of the worker's process; see `components.Life`."""

    def __init__(self, process: Process, parts: WorkerParts, make: MakeWorker) -> None:
        self._process = process
        self._threads = parts.threads
        self._worker = make(parts)
        self._worker.start()

    def handle(self, exchange: Exchange) -> None:
        """Nobody asks a worker anything."""
        exchange.abort()

    def stop(self, ended: Callable[[], None]) -> None:
        def drain() -> None:
            self._worker.drain()
            # From the machine's view the process ends, and not only this thread of it.
            self._process.call_soon(ended)

        self._threads.spawn(drain)
