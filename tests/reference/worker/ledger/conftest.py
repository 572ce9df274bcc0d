"""A ledger of each kind, on a virtual clock."""

import contextlib

import pytest
from moto import mock_aws

from reference.clock import VirtualClock
from reference.worker.ledger import dynamodb
from reference.worker.ledger.dynamodb import DynamoDbLedger
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.sqlite import SqliteLedger

RETENTION_S = 86_400.0


@pytest.fixture
def clock():
    return VirtualClock(now_s=1000.0)


@pytest.fixture
def table(monkeypatch):
    """A client of a DynamoDB that has the ledger's table."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = dynamodb.connect(region="us-east-1", endpoint_url=None, connections_max=2)
        with contextlib.closing(client):
            client.create_table(
                TableName="deliveries",
                KeySchema=[{"AttributeName": "email_id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "email_id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            yield client


@pytest.fixture
def make_sqlite(tmp_path, clock):
    """A ledger on the test's file; as many as wanted share it."""
    with contextlib.ExitStack() as stack:

        def make(kind=SqliteLedger, path=tmp_path / "deliveries.sqlite3"):
            ledger = kind(path, clock, retention_s=RETENTION_S)
            stack.callback(ledger.close)
            return ledger

        yield make


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
def ledger(request, clock):
    match request.param:
        case "memory":
            yield MemoryLedger(clock)
        case "sqlite":
            yield request.getfixturevalue("make_sqlite")()
        case "dynamodb":
            client = request.getfixturevalue("table")
            yield DynamoDbLedger(client, "deliveries", clock, retention_s=RETENTION_S)
