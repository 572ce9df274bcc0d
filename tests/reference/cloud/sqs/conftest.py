"""A local SQS on a free port for every test that asks for one, and the client of its choice."""

import boto3
import pytest
from botocore.config import Config

from reference.cloud.sqs.app import create_app
from reference.cloud.sqs.background import running


class ListJournal:
    """Keeps what was journalled."""

    def __init__(self):
        self.rows = []

    def write(self, **row):
        self.rows.append(row)

    def events(self, *wanted):
        return [row for row in self.rows if row["event"] in wanted]


@pytest.fixture
def list_journal():
    return ListJournal


@pytest.fixture
def connect():
    """Makes boto3 clients that try once, so that tests see the first answer."""
    clients = []

    def make(url, **config):
        options = {"retries": {"total_max_attempts": 1}, "read_timeout": 30, **config}
        client = boto3.client(
            "sqs",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(**options),
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def endpoint():
    """A server with AWS's quotas."""
    with running(create_app()) as url:
        yield url


@pytest.fixture
def sqs(endpoint, connect):
    return connect(endpoint)


@pytest.fixture
def fifo_url(sqs):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    return sqs.create_queue(QueueName="mail.fifo", Attributes=attributes)["QueueUrl"]
