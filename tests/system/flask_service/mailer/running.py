"""Starts the mailer's two processes for a test, and talks to its API."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

HERE = Path(__file__).parent
START_TIMEOUT_S = 30


class Mailer:
    """A running mailer."""

    def __init__(self, url, logs):
        self.logs = logs
        self._client = httpx.Client(base_url=url, timeout=10)

    def post(self, request_id, customer="acme", to="ada.lovelace@example.com"):
        mail = {
            "customer": customer,
            "to": to,
            "subject": "Your invoice",
            "text": "It is attached.",
        }
        return self._client.post("/mails", json=mail, headers={"X-Request-Id": request_id})

    def close(self):
        self._client.close()


@contextmanager
def started(env, folder):
    """The API and the worker while the block runs; their logs go into `folder / "logs"`."""
    logs, port_file = folder / "logs", folder / "mailer.port"
    logs.mkdir()
    processes = []
    try:
        for name in ("api", "worker"):
            with (logs / f"{name}.log").open("w") as log:
                process = subprocess.Popen(
                    [sys.executable, HERE / f"{name}.py"],
                    env={**os.environ, **env, "PORT_FILE": str(port_file)},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            processes.append(process)
        mailer = Mailer(f"http://127.0.0.1:{_port(port_file, processes)}", logs)
        yield mailer
        mailer.close()
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def _port(port_file, processes):
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not port_file.exists():
        assert all(process.poll() is None for process in processes), "the mailer ended at once"
        assert time.monotonic() < deadline_s, "the mailer did not start"
        time.sleep(0.02)
    return int(port_file.read_text())
