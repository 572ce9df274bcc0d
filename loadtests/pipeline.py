"""The pipeline under test, as processes on loopback: SQS, mail sink, API, worker.

    senders -> api -> sqs -> worker -> sink

What plays `api` and `worker` is the configuration's: API Gateway and Lambda are parts like others.

They are started by module name and told where to write journal and log; nothing of them is
imported, so any other service could stand here.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from loadtests.network import Client, Loopback, Network, Server
from loadtests.parts import Place, consumer_part, intake_part
from loadtests.processes import ComponentError, Components
from loadtests.queues import AWS_ENV, AWS_ERRORS, Queues, create_queues
from loadtests.supervised import Listens, Rig, Supervised
from scenarios.arrivals import CORRELATION_HEADER
from scenarios.configuration import Configuration
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
PROVIDER_KEY = "local-provider-key"  # the sink wants one, whichever it is
READY_TIMEOUT_S = 15.0
TARGET_TIMEOUT_S = 5.0  # a service that already runs


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
        configuration: Configuration,
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
        self._configuration = configuration
        self._ports = ports or Ports()
        self._modules = modules or {}
        self._rigs = rigs or {}
        self._network = network or Loopback()
        self.parts: dict[str, Supervised] = {}
        (folder / "logs").mkdir(exist_ok=True)
        self._sqs_port = 0
        self._seed = 0
        self.sqs_endpoint = ""
        self.api_url = ""
        self.smtp_port = 0
        self._sink_http_port = 0
        self.sink_url = ""
        self.queues = Queues([], [], {})

    def start_sqs(self, queue: Queue, seed: int, *, keeps_data: bool = False) -> None:
        """Start SQS and create the configuration's queues. Raises ComponentError.

        `keeps_data`: what it confirmed survives its own death.
        """
        self._seed = seed
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
            self.queues = create_queues(self.sqs_endpoint, self._configuration.queue, queue)
        except AWS_ERRORS as error:
            raise ComponentError(f"sqs did not create the queues: {error}") from error

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
        intake = intake_part(
            self._configuration.intake,
            self._place("api"),
            host=self._network.binds_to,
            port=self._ports.api,
        )
        (api_port,) = self._start(
            "api", intake.arguments, intake.listens, intake.env, intake.module
        )
        self.api_url = self._url("senders", "api", api_port)
        consumer = consumer_part(
            self._configuration,
            self._place("worker"),
            visibility_timeout_s=queue.visibility_timeout_s,
            providers={
                "EMAIL_WORKER_PROVIDERS": ",".join(providers),
                **self._provider_addresses(),
            },
            seed=self._seed,
        )
        self._start("worker", consumer.arguments, [], consumer.env, consumer.module)
        wait_until_ready(self.api_url)

    def _place(self, client: Client) -> Place:
        return Place(self._url(client, "sqs", self._sqs_port), self.queues.urls, self._folder)

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
        arguments: Sequence[str],
        listens: Sequence[Listens],
        env: Mapping[str, str] | None = None,
        module: str | None = None,
    ) -> list[int]:
        """Start a component; returns its ports once it answers there.

        `module` plays the part in this configuration; what takes its place goes before it.
        """
        part = Supervised(
            self._components,
            name,
            [self._modules.get(name) or module or MODULES[name], *arguments],
            folder=self._folder,
            env={**AWS_ENV, **(env or {})},
            listens=listens,
            rig=self._rigs.get(name),
        )
        self.parts[name] = part
        part.start()
        part.wait_until_ready()
        return part.ports


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
