"""The worker as a process: `python -m reference.worker`, configured by EMAIL_WORKER_* variables."""

import signal
import sys

import structlog

from reference import log_setup
from reference.clock import MonotonicClock
from reference.journal import FileJournal, NullJournal
from reference.queues.pool_file import PoolFile
from reference.settings import SettingsError
from reference.worker.loop import Pace, Worker
from reference.worker.parts import make_ledger, make_providers
from reference.worker.settings import WorkerSettings
from reference.worker.sources import Sources, follow
from reference.worker.threads import MACHINE_THREADS

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str]) -> int:
    clock = MonotonicClock()
    try:
        settings = WorkerSettings.load("python -m reference.worker", arguments)
        sources = Sources(settings)
        file = None if settings.pool_file is None else PoolFile(settings.pool_file, clock)
        providers = make_providers(settings, clock)
        journal = NullJournal() if settings.journal is None else FileJournal(settings.journal)
        ledger = make_ledger(settings, clock)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"EMAIL_WORKER_JOURNAL: {error.strerror}; wanted: a writable file", file=sys.stderr)
        return 2
    log_setup.configure("worker", settings.log_level)
    worker = Worker(
        sources=sources.of(settings.queues if file is None else file.epoch().urls),
        providers=providers,
        ledger=ledger,
        journal=journal,
        clock=clock,
        pace=Pace(
            visibility_s=settings.visibility_timeout_s,
            wait_s=settings.wait_time_s,
            pollers=settings.pollers,
            senders=settings.concurrency,
        ),
    )
    log = structlog.get_logger()
    stop = MACHINE_THREADS.event()
    # Blocked in every thread and waited for in this one: a handler could interrupt a lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    worker.start()
    if file is not None:
        MACHINE_THREADS.start(follow, worker, sources, file, stop, name="pool-file")
    log.info(
        "working",
        pollers=settings.pollers,
        senders=settings.concurrency,
        providers=settings.providers,
        ledger=settings.ledger.partition(":")[0],
    )
    number = signal.sigwait(STOP_SIGNALS)
    stop.set()
    log.info("stopping", signal=signal.Signals(number).name)
    log.info("stopped", is_drained=worker.drain())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
