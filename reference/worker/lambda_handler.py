"""The worker as an AWS Lambda function: `reference.worker.lambda_handler:handler`.

Configured by the worker's own EMAIL_WORKER_* variables, of which those about receiving have no
meaning here: Lambda receives (`reference.cloud.lambda_trigger` on one machine). Importing this
module is the function's init phase: connections and the ledger are made once for an environment
and reused by its invocations. Raises SettingsError, which fails the init phase.
"""

from reference import log_setup, sqs_client
from reference.clock import MonotonicClock
from reference.journal import FileJournal, NullJournal
from reference.providers.failover import Failover
from reference.settings import SettingsError
from reference.sqs_client import SqsQueue
from reference.worker.batch import BatchHandler
from reference.worker.outbox import Outbox
from reference.worker.parts import make_ledger, make_providers
from reference.worker.record import WorkerJournal
from reference.worker.settings import WorkerSettings

CONNECT_TIMEOUT_S = 1.0
CALL_TIMEOUT_S = 2.0  # it only shortens a wait, and takes of the function's time


def _make_handler() -> BatchHandler:
    settings = WorkerSettings.load(__name__, [])
    if settings.queue_url is None:
        raise SettingsError(
            "EMAIL_WORKER_QUEUE_URLS: a function serves one queue; wanted: EMAIL_WORKER_QUEUE_URL"
        )
    log_setup.configure("worker", settings.log_level)
    clock = MonotonicClock()
    client = sqs_client.connect(
        region=settings.region,
        endpoint_url=settings.sqs_endpoint_url,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        read_timeout_s=CALL_TIMEOUT_S,
        connections_max=1,
    )
    try:
        rows = NullJournal() if settings.journal is None else FileJournal(settings.journal)
    except OSError as error:
        raise SettingsError(
            f"EMAIL_WORKER_JOURNAL: {error.strerror}; wanted: a writable file"
        ) from error
    journal = WorkerJournal(rows, clock)
    outbox = Outbox(
        failover=Failover(make_providers(settings, clock), clock),
        ledger=make_ledger(settings, clock),
        journal=journal,
        clock=clock,
    )
    return BatchHandler(
        calls=SqsQueue(client, settings.queue_url), outbox=outbox, journal=journal, clock=clock
    )


handler = _make_handler()
