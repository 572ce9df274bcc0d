"""Bad settings end each process with one line that names the variable, and exit code 2."""

import os
import socket
import subprocess
import sys

import pytest

URL = "http://127.0.0.1:1/000000000000/q.fifo"
API = {"EMAIL_API_QUEUE_URL": URL, "EMAIL_API_KEYS": '{"shop": "s3same-s3same"}'}
WORKER = {"EMAIL_WORKER_QUEUE_URL": URL, "EMAIL_WORKER_SMTP_PORT": "25"}


def run(component, variables, *arguments):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("EMAIL_")}
    return subprocess.run(
        [sys.executable, "-m", f"reference.{component}", *arguments],
        env={**clean, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("component", "variables", "named"),
    [
        ("api", {}, "EMAIL_API_QUEUE_URL: "),
        ("api", {**API, "EMAIL_API_QUEUE_URL": "q.fifo"}, "EMAIL_API_QUEUE_URL: "),
        ("api", {**API, "EMAIL_API_PORT": "70000"}, "EMAIL_API_PORT: "),
        ("api", {**API, "EMAIL_API_KEYS": "s3same"}, "EMAIL_API_KEYS: not JSON; "),
        ("api", {**API, "EMAIL_API_KEYS": '["s3same"]'}, "EMAIL_API_KEYS: "),
        ("api", {**API, "EMAIL_API_KEYS": '{"a b": "s3same-s3same"}'}, "EMAIL_API_KEYS: tenant 1"),
        ("api", {**API, "EMAIL_API_KEYS": '{"a": "s3same"}'}, "EMAIL_API_KEYS: the key of tenant"),
        ("api", {**API, "EMAIL_API_LOG_LEVEL": "loud"}, "EMAIL_API_LOG_LEVEL: "),
        ("api", {**API, "EMAIL_API_PORT_FILE": "/nonexistent/port"}, "EMAIL_API_PORT_FILE: "),
        ("worker", {}, "EMAIL_WORKER_QUEUE_URL: "),
        ("worker", {**WORKER, "EMAIL_WORKER_WAIT_TIME_S": "21"}, "EMAIL_WORKER_WAIT_TIME_S: "),
        ("worker", {**WORKER, "EMAIL_WORKER_JOURNAL": "/nonexistent/j"}, "EMAIL_WORKER_JOURNAL: "),
        ("worker", {**WORKER, "EMAIL_WORKER_JOURNAL": "/"}, "EMAIL_WORKER_JOURNAL: "),
        ("worker", {**WORKER, "EMAIL_WORKER_SENDER_DOMAIN": "a b"}, "EMAIL_WORKER_SENDER_DOMAIN: "),
    ],
)
def test_a_bad_setting_is_one_line_naming_it(component, variables, named):
    finished = run(component, variables)
    assert finished.returncode == 2
    assert finished.stderr.startswith(named)
    assert "wanted: " in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert "s3same" not in finished.stderr


def test_a_busy_port_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        finished = run("api", {**API, "EMAIL_API_PORT": str(other.getsockname()[1])})
    assert finished.returncode == 2
    assert "cannot listen on 127.0.0.1" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


@pytest.mark.parametrize("component", ["api", "worker"])
def test_help_lists_the_variables_without_needing_any(component):
    finished = run(component, {}, "--help")
    assert finished.returncode == 0
    assert f"EMAIL_{component.upper()}_QUEUE_URL" in finished.stdout
