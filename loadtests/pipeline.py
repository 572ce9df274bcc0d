"""The pipeline under test, as processes on loopback: SQS, mail sink, API, worker.

    senders -> api -> sqs -> worker -> sink

They are started by module name and told where to write journal and log; nothing of them is
imported, so any other service could stand here.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from loadtests.metrics import NO_METRICS, queue_metrics
from loadtests.network import Client, Loopback, Network, Server
from loadtests.processes import ComponentError, Components
from loadtests.supervised import Listens, Rig, Supervised
from scenarios.arrivals import CORRELATION_HEADER
from scenarios.model import Queue

# What is started for each component, unless another module is to take its place.
MODULES = {
    "sqs": "reference.cloud.sqs",
    "sink": "reference.cloud.mail_sink",
    "api": "reference.api",
    "worker": "reference.worker",
}
# Where a component keeps what it needs itself, in the experiment's folder.
STORES = {"sqs": "sqs-data/*", "worker": "deliveries.sqlite3*"}
REGION = "us-east-1"
QUEUE_NAME = "emails.fifo"
DLQ_NAME = "emails-dlq.fifo"
TENANT = "queueproof"
API_KEY = "local-test-key"
PROVIDER_KEY = "local-provider-key"  # the sink wants one, whichever it is
# The local SQS checks no signature; SDKs want something to sign with all the same.
AWS_ENV = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
}
AWS_ERRORS = (BotoCoreError, ClientError)
READY_TIMEOUT_S = 15.0
TARGET_TIMEOUT_S = 5.0  # a service that already runs
IN_QUEUE = (
    "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class Ports:
    """Where components listen; 0 takes a free port."""

    api: int = 0
    sqs: int = 0
    smtp: int = 0


class Pipeline:
    """The reference, started piece by piece into an experiment folder."""

    def __init__(
        self,
        folder: Path,
        components: Components,
        ports: Ports | None = None,
        *,
        modules: Mapping[str, str] | None = None,
        rigs: Mapping[str, Rig] | None = None,
        network: Network | None = None,
    ) -> None:
        """`modules` names what is started in a component's place, see MODULES.

        `rigs` are what faults need to have prepared, by component; `network` is how components
        reach each other.
        """
        self._folder = folder
        self._components = components
        self._ports = ports or Ports()
        self._modules = MODULES | dict(modules or {})
        self._rigs = rigs or {}
        self._network = network or Loopback()
        self.parts: dict[str, Supervised] = {}
        (folder / "logs").mkdir(exist_ok=True)
        self._sqs_port = 0
        self.sqs_endpoint = ""
        self.queue_url = ""
        self.api_url = ""
        self.smtp_port = 0
        self._sink_http_port = 0
        self.sink_url = ""
        self.queue_attributes: dict[str, str] = {}

    def start_sqs(self, queue: Queue, seed: int, *, keeps_data: bool = False) -> None:
        """Start SQS and create the queue and its DLQ. Raises ComponentError.

        `keeps_data`: what it confirmed survives its own death.
        """
        data = ["--data", str(self._folder / "sqs-data")] if keeps_data else []
        (port,) = self._start(
            "sqs",
            [
                *("--host", self._network.binds_to, "--quotas", queue.quotas, *data),
                *("--journal", str(self._folder / "queue.jsonl")),
                *("--fault-journal", str(self._folder / "faults.jsonl"), "--seed", str(seed)),
            ],
            [Listens(self._ports.sqs)],
        )
        self._sqs_port = port
        self.sqs_endpoint = self._url("harness", "sqs", port)
        try:
            self._create_queues(queue)
        except AWS_ERRORS as error:
            raise ComponentError(f"sqs did not create the queues: {error}") from error

    def _create_queues(self, queue: Queue) -> None:
        client = sqs_client(self.sqs_endpoint)
        dlq = client.create_queue(QueueName=DLQ_NAME, Attributes={"FifoQueue": "true"})
        attributes = client.get_queue_attributes(
            QueueUrl=dlq["QueueUrl"], AttributeNames=["QueueArn"]
        )["Attributes"]
        redrive = {
            "deadLetterTargetArn": attributes["QueueArn"],
            "maxReceiveCount": queue.max_receive_count,
        }
        self.queue_url = client.create_queue(
            QueueName=QUEUE_NAME,
            Attributes={
                "FifoQueue": "true",
                "VisibilityTimeout": str(queue.visibility_timeout_s),
                "RedrivePolicy": json.dumps(redrive),
            },
        )["QueueUrl"]
        self.queue_attributes = client.get_queue_attributes(
            QueueUrl=self.queue_url, AttributeNames=["All"]
        )["Attributes"]

    def start_service(self, queue: Queue, providers: Sequence[str] = ("smtp",)) -> None:
        """Start sink, API and worker, and wait until the API is ready. Raises ComponentError.

        `providers`, all of them played by the sink, stand in the order of failover.
        """
        self.smtp_port, self._sink_http_port = self._start(
            "sink",
            [
                *("--host", self._network.binds_to),
                *("--journal", str(self._folder / "sink.jsonl")),
                *("--fault-journal", str(self._folder / "faults.jsonl")),
                *("--correlation-header", CORRELATION_HEADER),
            ],
            [
                Listens(self._ports.smtp),
                Listens(0, option="--http-port", file_option="--http-port-file"),
            ],
        )
        self.sink_url = self._url("harness", "sink", self._sink_http_port)
        (api_port,) = self._start(
            "api",
            [],
            [
                Listens(
                    self._ports.api,
                    option="EMAIL_API_PORT",
                    file_option="EMAIL_API_PORT_FILE",
                    by_environment=True,
                )
            ],
            {
                "EMAIL_API_QUEUE_URL": self.queue_url,
                "EMAIL_API_SQS_ENDPOINT_URL": self._url("api", "sqs", self._sqs_port),
                "EMAIL_API_HOST": self._network.binds_to,
                "EMAIL_API_REGION": REGION,
                "EMAIL_API_KEYS": json.dumps({TENANT: API_KEY}),
            },
        )
        self.api_url = self._url("senders", "api", api_port)
        self._start(
            "worker",
            [],
            [],
            {
                "EMAIL_WORKER_QUEUE_URL": self.queue_url,
                "EMAIL_WORKER_SQS_ENDPOINT_URL": self._url("worker", "sqs", self._sqs_port),
                "EMAIL_WORKER_REGION": REGION,
                "EMAIL_WORKER_VISIBILITY_TIMEOUT_S": str(queue.visibility_timeout_s),
                "EMAIL_WORKER_JOURNAL": str(self._folder / "worker.jsonl"),
                "EMAIL_WORKER_LEDGER": f"sqlite:{self._folder / 'deliveries.sqlite3'}",
                "EMAIL_WORKER_PROVIDERS": ",".join(providers),
                **self._provider_addresses(),
            },
        )
        wait_until_ready(self.api_url)

    def _provider_addresses(self) -> dict[str, str]:
        smtp_host, smtp_port = self._network.address("worker", "sink", self.smtp_port)
        apis = self._url("worker", "sink", self._sink_http_port)
        return {
            "EMAIL_WORKER_SMTP_HOST": smtp_host,
            "EMAIL_WORKER_SMTP_PORT": str(smtp_port),
            "EMAIL_WORKER_SES_ENDPOINT_URL": apis,
            "EMAIL_WORKER_SENDGRID_URL": apis,
            "EMAIL_WORKER_SENDGRID_API_KEY": PROVIDER_KEY,
            "EMAIL_WORKER_MAILGUN_URL": apis,
            "EMAIL_WORKER_MAILGUN_DOMAIN": "mail.example.com",
            "EMAIL_WORKER_MAILGUN_API_KEY": PROVIDER_KEY,
        }

    def _url(self, client: Client, server: Server, port: int) -> str:
        """Where this client finds a port of that server."""
        host, port = self._network.address(client, server, port)
        return f"http://{host}:{port}"

    def _start(
        self,
        name: str,
        arguments: list[str],
        listens: Sequence[Listens],
        env: Mapping[str, str] | None = None,
    ) -> list[int]:
        """Start a component; returns its ports once it answers there."""
        part = Supervised(
            self._components,
            name,
            [self._modules[name], *arguments],
            folder=self._folder,
            env={**AWS_ENV, **(env or {})},
            listens=listens,
            rig=self._rigs.get(name),
        )
        self.parts[name] = part
        part.start()
        part.wait_until_ready()
        return part.ports


def sqs_client(endpoint: str) -> Any:
    """A client for the harness's own calls: set-up and draining."""
    return boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=AWS_ENV["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=AWS_ENV["AWS_SECRET_ACCESS_KEY"],
        config=Config(
            connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 5}
        ),
    )


def wait_until_ready(api_url: str, timeout_s: float = READY_TIMEOUT_S) -> None:
    """Raises ComponentError when the API does not call itself ready in time."""
    deadline_s = time.monotonic() + timeout_s
    problem = ""
    while time.monotonic() < deadline_s:
        try:
            urllib.request.urlopen(f"{api_url}/readyz", timeout=2).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            problem = f"/readyz answers {error.code}"
        except (OSError, HTTPException) as error:  # HTTPException: it speaks another protocol
            problem = str(getattr(error, "reason", error))
        else:
            return
        time.sleep(0.1)
    raise ComponentError(f"target {api_url} is not ready after {timeout_s:g} s: {problem}")


def wait_until_drained(endpoint: str, timeout_s: float) -> bool:
    """Wait until the queue holds nothing, in flight or waiting; False when it still does."""
    deadline_s = time.monotonic() + timeout_s
    empty_since_s: float | None = None
    while time.monotonic() < deadline_s:
        try:
            metrics = queue_metrics(endpoint)[QUEUE_NAME]
            empty = all(metrics.get(name, 0) == 0 for name in IN_QUEUE)
        except NO_METRICS:
            empty = False
        now_s = time.monotonic()
        empty_since_s = (empty_since_s or now_s) if empty else None
        if empty_since_s is not None and now_s - empty_since_s >= 0.5:
            return True
        time.sleep(0.1)
    return False


def drain_by_hand(endpoint: str, queue_url: str, record: Any, timeout_s: float) -> bool:
    """Receive and delete what is left, for experiments that have no worker.

    `record(dedup_id)` is told of each message. False when the queue is not empty in time.
    """
    client = sqs_client(endpoint)
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        messages = client.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["MessageDeduplicationId"],
        ).get("Messages", [])
        for message in messages:
            record(message["Attributes"]["MessageDeduplicationId"])
        if messages:
            client.delete_message_batch(
                QueueUrl=queue_url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]}
                    for n, message in enumerate(messages)
                ],
            )
        elif wait_until_drained(endpoint, 1.0):
            return True
    return False
