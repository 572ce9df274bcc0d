"""The worker as a process: `python -m reference.worker`, configured by EMAIL_WORKER_* variables."""

import signal
import sys
from typing import TYPE_CHECKING

import structlog

from reference import log_setup, sqs_client
from reference.clock import MonotonicClock
from reference.journal import FileJournal, NullJournal
from reference.settings import SettingsError
from reference.sqs_client import SqsQueue
from reference.worker.loop import Pace, Source, Worker
from reference.worker.parts import make_ledger, make_providers
from reference.worker.settings import WorkerSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

CONNECT_TIMEOUT_S = 2.0
CALL_TIMEOUT_S = 5.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str]) -> int:
    clock = MonotonicClock()
    try:
        settings = WorkerSettings.load("python -m reference.worker", arguments)
        sources = _sources(settings)
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
        sources=sources,
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
    # Blocked in every thread and waited for in this one: a handler could interrupt a lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    worker.start()
    log.info(
        "working",
        queues=len(sources),
        pollers=settings.pollers,
        senders=settings.concurrency,
        providers=settings.providers,
        ledger=settings.ledger.partition(":")[0],
    )
    number = signal.sigwait(STOP_SIGNALS)
    log.info("stopping", signal=signal.Signals(number).name)
    log.info("stopped", is_drained=worker.drain())
    return 0


def _sources(settings: WorkerSettings) -> list[Source]:
    """Raises SettingsError."""
    count = len(settings.queues)
    polls = _client(settings, settings.wait_time_s + CALL_TIMEOUT_S, count * settings.pollers)
    # A deleter and a heartbeat for each queue, and whoever gives back.
    calls = _client(settings, CALL_TIMEOUT_S, count * 2 + settings.concurrency)
    return [
        Source(polls=SqsQueue(polls, url), calls=SqsQueue(calls, url)) for url in settings.queues
    ]


def _client(settings: WorkerSettings, read_timeout_s: float, connections_max: int) -> "SQSClient":
    return sqs_client.connect(
        region=settings.region,
        endpoint_url=settings.sqs_endpoint_url,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        read_timeout_s=read_timeout_s,
        connections_max=connections_max,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
