"""The queues that a worker receives from, also while a pool changes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reference import sqs_client
from reference.queues.pool import QUEUES_MAX
from reference.queues.pool_file import REREAD_S, PoolFile
from reference.sqs_client import SqsQueue
from reference.worker.loop import Source, Worker
from reference.worker.settings import WorkerSettings
from reference.worker.threads import Event

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

CONNECT_TIMEOUT_S = 2.0
CALL_TIMEOUT_S = 5.0


class Sources:
    """One for each URL that was ever asked for."""

    def __init__(self, settings: WorkerSettings) -> None:
        """Raises SettingsError."""
        count = len(settings.queues) or QUEUES_MAX  # those of a pool file may become more
        wait_s = settings.wait_time_s + CALL_TIMEOUT_S
        self._polls = _client(settings, wait_s, count * settings.pollers)
        # A deleter and a heartbeat for each queue, and whoever gives back.
        self._calls = _client(settings, CALL_TIMEOUT_S, count * 2 + settings.concurrency)
        self._made: dict[str, Source] = {}

    def of(self, urls: Sequence[str]) -> list[Source]:
        for url in urls:
            if url not in self._made:
                polls, calls = (SqsQueue(client, url) for client in (self._polls, self._calls))
                self._made[url] = Source(polls=polls, calls=calls)
        return [self._made[url] for url in urls]


def follow(worker: Worker, sources: Sources, file: PoolFile, stop: Event) -> None:
    """Receive from all queues that the file names, as it changes; the body of a thread."""
    while not stop.wait(REREAD_S):
        worker.follow(sources.of(file.epoch().urls))


def _client(settings: WorkerSettings, read_timeout_s: float, connections_max: int) -> "SQSClient":
    return sqs_client.connect(
        region=settings.region,
        endpoint_url=settings.sqs_endpoint_url,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        read_timeout_s=read_timeout_s,
        connections_max=connections_max,
    )
