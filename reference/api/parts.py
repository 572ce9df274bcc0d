"""What the settings ask for: the way to the queue, or to those of a pool."""

from collections.abc import Callable
from pathlib import Path

from reference.api.moving import MovingRoute
from reference.api.routing import PoolRoute, Route
from reference.api.settings import ApiSettings
from reference.clock import Clock
from reference.errors import LedgerError
from reference.queues.pool import Pool
from reference.queues.pool_file import PoolFile
from reference.settings import SettingsError
from reference.sqs_client import QueueWriter
from reference.worker.ledger import dynamodb
from reference.worker.ledger.dynamodb import DynamoDbLedger
from reference.worker.ledger.port import RETENTION_MAX_S, LedgerReader
from reference.worker.ledger.sqlite import SqliteLedger

LEDGER_CONNECTIONS = 4


def make_route(settings: ApiSettings, connect: Callable[[str], QueueWriter], clock: Clock) -> Route:
    """`connect` makes a writer of a URL. Raises SettingsError."""
    if settings.pool_file is None:
        return PoolRoute(Pool(settings.queues), {url: connect(url) for url in settings.queues})
    return MovingRoute(
        PoolFile(settings.pool_file, clock),
        connect,
        _ledger(settings, clock),
        clock,
        fence_s=settings.pool_fence_s,
        call_s=settings.connect_timeout_s + settings.read_timeout_s,
    )


def _ledger(settings: ApiSettings, clock: Clock) -> LedgerReader:
    assert settings.ledger is not None  # with a pool file
    kind, _, place = settings.ledger.partition(":")
    if kind == "dynamodb":
        client = dynamodb.connect(
            region=settings.region, endpoint_url=None, connections_max=LEDGER_CONNECTIONS
        )
        return DynamoDbLedger(client, place, clock, retention_s=RETENTION_MAX_S)
    try:
        return SqliteLedger(Path(place), clock, retention_s=RETENTION_MAX_S)
    except LedgerError as error:
        raise SettingsError(
            f"EMAIL_API_LEDGER: {place} cannot be used ({error.code}); wanted: the workers' ledger"
        ) from error
