"""The worker in the simulation: `reference.worker` as it is, on simulated threads."""

from collections.abc import Callable
from dataclasses import dataclass

from loadtests.sim.network import Exchange
from loadtests.sim.scheduler import Process
from loadtests.sim.threads import SimThreads
from reference.clock import Clock
from reference.journal import Journal
from reference.providers.base import Provider
from reference.sqs_client import QueueReader
from reference.worker.loop import Pace, Worker

CONNECT_TIMEOUT_S = 2.0
CALL_TIMEOUT_S = 5.0
PROVIDER_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """What a worker is made of."""

    polls: QueueReader
    calls: QueueReader
    provider: Provider
    journal: Journal
    clock: Clock
    pace: Pace
    threads: SimThreads


# Puts a worker together; a planted twin is put together otherwise.
MakeWorker = Callable[[WorkerParts], Worker]


def reference_worker(parts: WorkerParts) -> Worker:
    """As `reference.worker.__main__` puts it together."""
    return Worker(
        polls=parts.polls,
        calls=parts.calls,
        provider=parts.provider,
        journal=parts.journal,
        clock=parts.clock,
        pace=parts.pace,
        threads=parts.threads,
    )


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
