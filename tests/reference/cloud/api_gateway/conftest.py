"""The API in this process, in front of a local SQS or of a server that answers as a test likes."""

import json
import threading
from contextlib import contextmanager

import boto3
import httpx
import pytest

from reference.clock import MonotonicClock
from reference.cloud.api_gateway.app import RestApi
from reference.cloud.api_gateway.definition import load_api
from reference.cloud.sqs.background import running
from reference.cloud.sqs.server import HttpServer
from reference.journal import NullJournal
from reference.listening import bind

KEYS = {"shop": "key-of-the-shop", "bank": "key-of-the-bank"}
EMAIL = {
    "from": "Ann Example <ann@example.com>",
    "to": ["bob@example.com"],
    "subject": "Hi",
    "text": "Hello",
}


@contextmanager
def serving(app):
    """The URL of a server on a thread."""
    listener, started = bind("127.0.0.1", 0), threading.Event()
    server = HttpServer(app, started.set)
    thread = threading.Thread(target=server.run, args=(listener,))
    thread.start()
    try:
        assert started.wait(20)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop()
        thread.join(20)
        listener.close()


class Sqs:
    """A local SQS with one FIFO and one standard queue."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.client = boto3.client(
            "sqs",
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        fifo = {"FifoQueue": "true"}
        self.fifo = self.client.create_queue(QueueName="q.fifo", Attributes=fifo)["QueueUrl"]
        self.standard = self.client.create_queue(QueueName="q")["QueueUrl"]

    def take(self, queue_url):
        """All messages that wait, by receiving and deleting them."""
        found = []
        while messages := self.client.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, AttributeNames=["All"]
        ).get("Messages"):
            found += messages
            for message in messages:
                self.client.delete_message(
                    QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
        return found

    def break_it(self, *faults):
        plan = {"faults": [{"label": f"f{n}", **fault} for n, fault in enumerate(faults)]}
        httpx.put(f"{self.endpoint}/_admin/faults", json=plan).raise_for_status()


@pytest.fixture(scope="module")
def sqs():
    with running() as endpoint:
        server = Sqs(endpoint)
        yield server
        server.client.close()


@pytest.fixture(autouse=True)
def unbroken(request):
    if "sqs" in request.fixturenames:
        yield
        request.getfixturevalue("sqs").break_it()
    else:
        yield


class Sender:
    """Posts emails as a tenant that has a key."""

    email = EMAIL
    key = KEYS["shop"]

    def __init__(self, url):
        self.url = url
        self.client = httpx.Client(base_url=url, timeout=20)

    def post(self, content=None, *, key="k", **headers):
        """`content`: bytes as they are, or changes of a plain email."""
        body = content if isinstance(content, bytes) else json.dumps({**EMAIL, **(content or {})})
        named = {"x-api-key": self.key, "Content-Type": "application/json"}
        if key is not None:
            named["Idempotency-Key"] = key
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in named.items() if value is not None}
        return self.client.post("/v1/emails", content=body, headers=sent)


@contextmanager
def in_front_of(sqs_endpoint, queue_url, mapping="careful", **options):
    app = RestApi(
        options.pop("api", None) or load_api(mapping),
        endpoint_url=sqs_endpoint,
        queue_url=queue_url,
        keys=options.pop("keys", KEYS),
        clock=options.pop("clock", MonotonicClock()),
        journal=options.pop("journal", NullJournal()),
        **options,
    )
    with serving(app) as url:
        sender = Sender(url)
        yield sender
        sender.client.close()


@pytest.fixture(scope="module")
def careful(sqs):
    with in_front_of(sqs.endpoint, sqs.fifo) as sender:
        yield sender


@pytest.fixture(scope="module")
def default_200(sqs):
    with in_front_of(sqs.endpoint, sqs.fifo, "default-200") as sender:
        yield sender


@pytest.fixture(scope="session")
def gateway():
    """gateway(endpoint, queue_url, ...): a sender to an API of its own, while a block runs."""
    return in_front_of


@pytest.fixture(scope="session", name="serving")
def serving_fixture():
    return serving
