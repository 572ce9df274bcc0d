"""A local SQS on a free port for every test that asks for one, and the client of its choice.

And a `machine`: a log and its engine without a server, on a virtual clock.
"""

import json
import shutil
import subprocess
import sys
import time
import urllib.request

import boto3
import pytest
from botocore.config import Config

from reference.clock import VirtualClock
from reference.cloud.sqs.app import create_app
from reference.cloud.sqs.background import running
from reference.cloud.sqs.datalog import DataLog
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.limits import STRICT


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
def admin():
    """Asks a server for what stands under /_admin."""

    def ask(url, path, method="GET", value=None):
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(  # noqa: S310
            f"{url}/_admin/{path}", data=body, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return response.read()

    return ask


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
def start_with_data(tmp_path):
    """Starts a server process on one folder, again and again; the caller ends it."""

    def start():
        port_file = tmp_path / "port"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "reference.cloud.sqs", "--quotas", "off"]
        command += ["--data", tmp_path / "data", "--port-file", port_file]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        give_up_s = time.monotonic() + 30
        while not port_file.exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < give_up_s
            time.sleep(0.02)
        return process, f"http://127.0.0.1:{int(port_file.read_text())}"

    return start


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


class Machine:
    """A server's life: its log and engine. `restart` begins a new monotonic clock."""

    def __init__(
        self, folder, *, renew_bytes_min=1 << 30, limits=STRICT, clock=None, log_type=DataLog
    ):
        self.log_type = log_type
        self.folder = folder
        self.renew_bytes_min = renew_bytes_min
        self.limits = limits
        self.clock = clock or VirtualClock(500.0)
        self.open()

    def open(self):
        self.log = self.log_type(self.folder, self.clock, renew_bytes_min=self.renew_bytes_min)
        self.engine = Engine(
            self.clock, limits=self.limits, witness=self.log, receipt_key=self.log.receipt_key
        )
        self.found = self.log.restore(self.engine)

    def close(self):
        if self.log is not None:
            self.log.close()
            self.log = None

    def restart(self, *, pause_s=0.0):
        self.close()
        self.clock = VirtualClock(7.0, epoch_s=self.clock.wall_s() + pause_s)
        self.open()

    def killed(self):
        """Its next life, had it been killed right now."""
        folder = self.folder.with_name(f"{self.folder.name}-killed")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(self.folder / "log", folder / "log")
        return type(self)(folder, clock=VirtualClock(7.0, epoch_s=self.clock.wall_s()))

    def state(self):
        return {
            queue.name: (
                queue.attributes.texts,
                queue.tags,
                queue.depth(),
                [
                    (m.message_id, m.body, m.attributes, m.group, m.receive_count, m.state)
                    for m in queue.messages()
                ],
            )
            for queue in self.engine
        }


@pytest.fixture
def new_machine(tmp_path):
    """Makes machines on a folder of the test, and ends them."""
    made = []

    def make(name="data", **options):
        made.append(Machine(tmp_path / name, **options))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


@pytest.fixture
def machine(new_machine):
    return new_machine()
