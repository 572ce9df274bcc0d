"""A real master with two real workers: one beside it, one with a clock of its own.

The second stands for another host: its monotonic clock is a thousand seconds ahead, and its ledger
lies in a folder that the master does not know.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from loadtests.distributed.ledgers import LEDGERS_ENV
from scenarios.arrivals import email_arrivals
from scenarios.model import EmailLoad

AHEAD_S = 1_000.0
RATE_PER_S, SECONDS, SEED = 30, 3, 5
LOCUSTFILE = Path(__file__).parents[3] / "loadtests" / "locustfile.py"
LOAD = EmailLoad(kind="emails", rate_per_s=RATE_PER_S, duration_s=SECONDS)
SCENARIO = f"""
name = "shared"
summary = "x"
load = {{ kind = "emails", rate_per_s = {RATE_PER_S}, duration_s = {SECONDS} }}
"""
CLOCK_AHEAD = f"""
import time
_monotonic = time.monotonic
time.monotonic = lambda: _monotonic() + {AHEAD_S}
"""

pytestmark = pytest.mark.xdist_group("live")


class Accepts(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"id": self.headers["Idempotency-Key"]}).encode()
        self.send_response(202)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Accepts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def shared(url, tmp_path_factory):
    """The folder that a load of two workers left, and what the master said of it."""
    folder = tmp_path_factory.mktemp("ledgers")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "sitecustomize.py").write_text(CLOCK_AHEAD)
    (folder / "scenario.toml").write_text(SCENARIO)
    locust = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE)]
    port = str(free_port())
    master = [
        *("--master", "--headless", "--master-bind-host", "127.0.0.1", "--master-bind-port", port),
        *("--expect-workers", "2", "--expect-workers-max-wait", "60", "--only-summary"),
        *("--users", "20", "--spawn-rate", "20", "--host", url, "--seed", str(SEED)),
        *("--exit-code-on-error", "0"),
        *("--scenario", str(folder / "scenario.toml"), "--ledger-dir", str(folder)),
        *("--key-prefix", "k"),
    ]
    worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
    worker += ["--exit-code-on-error", "0"]
    root = str(LOCUSTFILE.parents[1])
    beside = {**os.environ, LEDGERS_ENV: str(folder)}
    ahead = {**os.environ, "PYTHONPATH": os.pathsep.join([str(elsewhere), root])}
    started = [
        subprocess.Popen([*locust, *arguments], env=env, stderr=subprocess.PIPE, text=True)
        for arguments, env in ((master, os.environ), (worker, beside), (worker, ahead))
    ]
    try:
        errors = [process.communicate(timeout=90)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0, 0, 0], "\n".join(errors)
    rows = [json.loads(line) for line in (folder / "sender.jsonl").read_text().splitlines()]
    return rows, json.loads((folder / "generator.json").read_text())


def test_two_workers_send_what_one_process_would_each_email_once(shared):
    rows, status = shared
    invoked = {row["key"]: row for row in rows if row["kind"] == "invoke"}
    planned = list(email_arrivals(LOAD, SEED, "k"))
    assert sorted(invoked) == sorted(arrival.key for arrival in planned)
    assert sum(row["kind"] == "invoke" for row in rows) == len(planned)
    for arrival in planned:
        row = invoked[arrival.key]
        assert row["group"] == arrival.group
        assert row["intended_s"] - status["start_s"] == pytest.approx(arrival.intended_s, abs=0.05)


def test_rows_of_the_other_clock_are_on_the_masters(shared):
    rows, status = shared
    for row in rows:
        assert status["start_s"] - 1 < row["at_s"] < status["end_s"] + 1


def test_offsets_are_stated_with_what_they_are_uncertain_by(shared):
    _, status = shared
    near, far = sorted(status["workers"], key=lambda worker: worker["offset_s"])
    assert abs(near["offset_s"]) <= near["uncertainty_s"]
    assert abs(far["offset_s"] - AHEAD_S) <= far["uncertainty_s"]
    assert far["uncertainty_s"] < 0.05
    assert not near["is_lost"]
    assert not far["is_lost"]
    assert near["rows"] + far["rows"] == len(shared[0])
    assert status["finished"]
