"""The whole pipeline as real processes on loopback."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import boto3
import httpx
import pytest

TIMEOUT_S = 60  # a loaded machine takes seconds to start a process
API_KEY = "key-of-the-shop"


class Pipeline:
    """Starts what a test asks for, with its files in one folder."""

    authorization = f"Bearer {API_KEY}"

    def __init__(self, folder):
        self.folder = folder
        self.processes = {}
        self.queue_url = self.endpoint = ""
        self.pool_file = None
        self.environment = {}  # for every process that is started from now on

    @staticmethod
    def wait_until(condition, what):
        deadline_s = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline_s, f"timed out waiting until {what}"
            time.sleep(0.02)

    def start(self, name, arguments, variables=None, port_option=None):
        port_file = self.folder / f"{name}.port"
        port_file.unlink(missing_ok=True)
        options = [] if port_option is None else [port_option, str(port_file)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("EMAIL_")}
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments, *options],
                env={
                    **clean,
                    "AWS_ACCESS_KEY_ID": "test",
                    "AWS_SECRET_ACCESS_KEY": "test",
                    **self.environment,
                    **(variables or {}),
                    "EMAIL_API_PORT_FILE": str(port_file),
                },
                stdout=log,
                stderr=log,
            )
        if name.startswith("worker"):
            self.wait_until(lambda: '"event":"working"' in self.log(name), "the worker works")
            return 0
        self.wait_until(port_file.exists, f"{name} serves")
        return int(port_file.read_text())

    def start_sqs(self, port=0, queue="q.fifo"):
        arguments = ["reference.cloud.sqs", "--journal", str(self.folder / "queue.jsonl")]
        port = self.start("sqs", [*arguments, "--port", str(port)], port_option="--port-file")
        self.endpoint = f"http://127.0.0.1:{port}"
        client = boto3.client(
            "sqs",
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        with contextlib.closing(client):
            urls = [
                client.create_queue(
                    QueueName=name,
                    Attributes={"FifoQueue": "true"} if name.endswith(".fifo") else {},
                )["QueueUrl"]
                for name in queue.split(",")
            ]
        self.queue_url = ",".join(urls)
        return port

    def start_api(self, name="api", **variables):
        port = self.start(name, ["reference.api"], {**self.variables("API"), **variables})
        self.api_url = f"http://127.0.0.1:{port}"

    def start_sink(self, *options):
        port_file = self.folder / "sink-http.port"
        files = [
            *("--journal", str(self.folder / "sink.jsonl")),
            *("--http-port-file", str(port_file)),
        ]
        sink = ["reference.cloud.mail_sink", *files, *options]
        self.smtp_port = self.start("sink", sink, port_option="--port-file")
        self.sink_url = f"http://127.0.0.1:{port_file.read_text().strip()}"

    def start_worker(self, *sink_options, name="worker", **variables):
        """The sink is started with it, unless it runs already."""
        if "sink" not in self.processes:
            self.start_sink(*sink_options)
        (self.folder / f"{name}.log").unlink(missing_ok=True)
        defaults = {
            **self.variables("WORKER"),
            "EMAIL_WORKER_SMTP_PORT": str(self.smtp_port),
            "EMAIL_WORKER_SES_ENDPOINT_URL": self.sink_url,
            "EMAIL_WORKER_SENDGRID_URL": self.sink_url,
            "EMAIL_WORKER_SENDGRID_API_KEY": "SG.local",
            "EMAIL_WORKER_MAILGUN_URL": self.sink_url,
            "EMAIL_WORKER_MAILGUN_DOMAIN": "mail.example.com",
            "EMAIL_WORKER_MAILGUN_API_KEY": "key-local",
            "EMAIL_WORKER_JOURNAL": str(self.folder / "worker.jsonl"),
            "EMAIL_WORKER_LEDGER": f"sqlite:{self.folder / 'deliveries.sqlite3'}",
        }
        self.start(name, ["reference.worker"], {**defaults, **variables})

    def variables(self, component):
        name = "QUEUE_URLS" if "," in self.queue_url else "QUEUE_URL"
        queues = self.queue_url
        if self.pool_file is not None:
            name, queues = "POOL_FILE", str(self.pool_file)
        return {
            f"EMAIL_{component}_{name}": queues,
            f"EMAIL_{component}_SQS_ENDPOINT_URL": self.endpoint,
            **({"EMAIL_API_KEYS": json.dumps({"shop": API_KEY})} if component == "API" else {}),
        }

    def post(self, key, group="g", url=None, **changes):
        email = {
            "from": "Ann Example <ann@example.com>",
            "to": ["bob@example.com"],
            "subject": "s3same",
            "text": "Hello Bob, call 555-0100",
            "headers": {"X-Queueproof-Key": key},
            **changes,
        }
        headers = {
            "Authorization": self.authorization,
            "Idempotency-Key": key,
            "X-Message-Group": group,
        }
        return httpx.post(
            f"{url or self.api_url}/v1/emails",
            json=email,
            headers=headers,
            timeout=TIMEOUT_S,
            verify=False,  # noqa: S501 - it is http, and reading certificates takes long
        )

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def rows(self, ledger):
        path = self.folder / f"{ledger}.jsonl"
        if not path.exists():
            return []
        return [
            json.loads(line)
            for line in path.read_text().splitlines(keepends=True)
            if line.endswith("\n")
        ]

    def signal(self, name, number):
        os.kill(self.processes[name].pid, number)

    def end(self, name):
        self.signal(name, signal.SIGTERM)
        return self.processes[name].wait(TIMEOUT_S)

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def pipeline(tmp_path, request):
    """A pipeline whose SQS runs; the test starts the rest. A parameter names other queues."""
    with contextlib.closing(Pipeline(tmp_path)) as pipeline:
        pipeline.start_sqs(queue=getattr(request, "param", "q.fifo"))
        yield pipeline


@pytest.fixture(scope="session")
def pipeline_in():
    """pipeline_in(folder): a pipeline of which nothing runs yet, while a block runs."""
    return lambda folder: contextlib.closing(Pipeline(folder))


class SinkProcess:
    """The mail sink as a process of its own, with its files in one folder."""

    def __init__(self, folder, *options):
        self.folder = folder
        files = [folder / name for name in ("smtp.port", "http.port")]
        names = ("--port-file", "--http-port-file", "--journal", "--fault-journal")
        paths = [*files, folder / "sink.jsonl", folder / "faults.jsonl"]
        arguments = [str(each) for pair in zip(names, paths, strict=True) for each in pair]
        with (folder / "sink.log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "reference.cloud.mail_sink", *arguments, *options],
                stdout=log,
                stderr=log,
            )
        Pipeline.wait_until(
            lambda: all(file.exists() for file in files) or self.process.poll() is not None,
            "the sink serves",
        )
        assert self.process.poll() is None, self.log()
        self.smtp_port, http_port = (int(file.read_text()) for file in files)
        self.url = f"http://127.0.0.1:{http_port}"

    def set_faults(self, *faults, seed=1):
        plan = {"seed": seed, "faults": [{"label": "f", **fault} for fault in faults]}
        answer = httpx.put(f"{self.url}/_admin/faults", json=plan)
        assert answer.is_success, answer.text

    def fired(self):
        return httpx.get(f"{self.url}/_admin/faults").json()["fired"]

    def log(self):
        return (self.folder / "sink.log").read_text()

    def rows(self, ledger="sink"):
        lines = (self.folder / f"{ledger}.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def sink(tmp_path, request):
    """A mail sink without faults; indirect parameters are its options."""
    with contextlib.closing(SinkProcess(tmp_path, *getattr(request, "param", ()))) as sink:
        yield sink


@pytest.fixture(scope="module")
def shared_sink(tmp_path_factory):
    """One mail sink for all tests of a module, each of which sets its own faults."""
    with contextlib.closing(SinkProcess(tmp_path_factory.mktemp("sink"))) as sink:
        yield sink
