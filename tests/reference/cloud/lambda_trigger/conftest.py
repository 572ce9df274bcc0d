"""Functions whose environments run the handlers of this folder, and a local SQS to trigger them."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from reference.clock import MonotonicClock
from reference.cloud.lambda_trigger.environment import FunctionSpec
from reference.cloud.lambda_trigger.function import Function

TIMEOUT_S = 60  # a loaded machine takes seconds to start a process
HERE = Path(__file__).parent
AWS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Rows(list):
    def write(self, **row):
        self.append(row)

    def events(self, event):
        return [row for row in self if row["event"] == event]


def wait_until(condition, what):
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"timed out waiting until {what}"
        time.sleep(0.02)


@pytest.fixture
def handlers(monkeypatch):
    """The handlers of this folder can be imported by the processes that are started."""
    paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.fixture
def make_function(tmp_path, handlers):
    with contextlib.ExitStack() as stack:

        def make(handler, *, timeout_s=30.0, concurrency_max=4):
            rows = Rows()
            function = Function(
                FunctionSpec(
                    name="f",
                    handler=handler,
                    timeout_s=timeout_s,
                    memory_mb=256,
                    region="us-east-1",
                    account="000000000000",
                ),
                log_folder=tmp_path,
                journal=rows,
                clock=MonotonicClock(),
                concurrency_max=concurrency_max,
                seed=7,
            )
            stack.callback(function.close)
            return SimpleNamespace(
                invoke=lambda *bodies: function.invoke(event_of(*bodies)),
                function=function,
                rows=rows,
                logs=lambda: {
                    path.stem.removeprefix("[$LATEST]"): path.read_text()
                    for path in sorted(tmp_path.rglob("*.log"))
                },
                folder=tmp_path,
            )

        yield make


def event_of(*bodies):
    records = [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]
    return json.dumps({"Records": records}).encode()


class Rig:
    """A local SQS as a process, and triggers of its queues."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = {}
        port_file = folder / "sqs.port"
        self.start("sqs", "reference.cloud.sqs", "--port-file", port_file)
        wait_until(port_file.exists, "SQS serves")
        self.endpoint = f"http://127.0.0.1:{port_file.read_text().strip()}"
        self.sqs = boto3.client(
            "sqs",
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def start(self, name, module, *arguments, **variables):
        paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
        with (self.folder / f"{name}.out").open("w") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments)],
                env={**os.environ, **AWS, "PYTHONPATH": os.pathsep.join(paths), **variables},
                stdout=output,
                stderr=output,
            )

    def queue(self, name, visibility_s=2, receives_max=3):
        """A queue with a DLQ; returns their URLs."""
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        dlq_url = self.sqs.create_queue(QueueName=f"dlq-{name}", Attributes=fifo)["QueueUrl"]
        dlq = self.sqs.get_queue_attributes(QueueUrl=dlq_url, AttributeNames=["QueueArn"])
        redrive = {
            "deadLetterTargetArn": dlq["Attributes"]["QueueArn"],
            "maxReceiveCount": receives_max,
        }
        attributes = {
            **fifo,
            "VisibilityTimeout": str(visibility_s),
            "RedrivePolicy": json.dumps(redrive),
        }
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, dlq_url

    def trigger(self, name, queue_url, handler, *options, **variables):
        arguments = [
            *("--endpoint-url", self.endpoint, "--queue-url", queue_url, "--handler", handler),
            *("--log-dir", self.folder / f"logs-{name}"),
            *("--journal", self.folder / f"{name}.jsonl"),
        ]
        self.start(name, "reference.cloud.lambda_trigger", *arguments, *options, **variables)

    def end(self, name):
        """SIGTERM, and the exit code."""
        self.processes[name].terminate()
        return self.processes[name].wait(TIMEOUT_S)

    def output(self, name):
        return (self.folder / f"{name}.out").read_text()

    def rows(self, name, event=None):
        path = self.folder / f"{name}.jsonl"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        rows = [json.loads(line) for line in lines if line.endswith("\n")]
        return [row for row in rows if event in {None, row["event"]}]

    def streams(self, name):
        return sorted((self.folder / f"logs-{name}").rglob("*.log"))

    def left(self, queue_url):
        """Messages in a queue, hidden ones among them."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
        return sum(int(value) for value in answer["Attributes"].values())

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.sqs.close()


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with contextlib.closing(Rig(tmp_path_factory.mktemp("rig"))) as rig:
        yield rig
