"""Bad settings end each process with one line that names the variable, and exit code 2."""

import os
import socket
import subprocess
import sys

import pytest

from reference.api import __main__ as api
from reference.worker import __main__ as worker

URL = "http://127.0.0.1:1/000000000000/q.fifo"
API = {"EMAIL_API_QUEUE_URL": URL, "EMAIL_API_KEYS": '{"shop": "s3same-s3same"}'}
A_POOL = f'{{"epoch": 1, "queues": ["{URL}"]}}'
POOLED = {
    "api": {"EMAIL_API_KEYS": API["EMAIL_API_KEYS"]},
    "worker": {"EMAIL_WORKER_SMTP_PORT": "25"},
}
WORKER = {"EMAIL_WORKER_QUEUE_URL": URL, "EMAIL_WORKER_SMTP_PORT": "25"}


MAINS = {"api": api.main, "worker": worker.main}


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """A process's main with exactly these variables: its exit code and its errors."""

    def go(component, variables, *arguments):
        for name in [name for name in os.environ if name.startswith("EMAIL_")]:
            monkeypatch.delenv(name)
        file = tmp_path / "pool.json"
        for name, value in variables.items():
            if name == "POOL":
                monkeypatch.setenv(f"EMAIL_{component.upper()}_POOL_FILE", str(file))
                if value is not None:
                    file.write_text(value)
            else:
                monkeypatch.setenv(name, value)
        return MAINS[component](list(arguments)), capsys.readouterr().err

    return go


@pytest.mark.parametrize(
    ("component", "variables", "named"),
    [
        ("api", {}, "EMAIL_API_QUEUE_URL: "),
        ("api", {**API, "EMAIL_API_QUEUE_URL": "q.fifo"}, "EMAIL_API_QUEUE_URL: "),
        *(
            ("api", {"EMAIL_API_KEYS": API["EMAIL_API_KEYS"], **queues}, named)
            for queues, named in (
                ({"EMAIL_API_QUEUE_URLS": ""}, "EMAIL_API_QUEUE_URLS: a pool of no queues"),
                ({"EMAIL_API_QUEUE_URLS": f"{URL},q.fifo"}, "EMAIL_API_QUEUE_URLS: "),
                ({"EMAIL_API_QUEUE_URLS": f"{URL},{URL}"}, "EMAIL_API_QUEUE_URLS: the queue q.f"),
                (
                    {"EMAIL_API_QUEUE_URLS": f"{URL},http://127.0.0.1:1/0/plain"},
                    "EMAIL_API_QUEUE_URLS: standard and FIFO queues in a pool (plain)",
                ),
                (
                    {"EMAIL_API_QUEUE_URLS": URL, "EMAIL_API_QUEUE_URL": URL},
                    "EMAIL_API_QUEUE_URL: set, and so is a pool",
                ),
            )
        ),
        *(
            (component, {**POOLED[component], "POOL": pool, **more}, named)
            for component, pool, more, named in (
                ("api", "{", {}, "EMAIL_API_POOL_FILE: the file: Invalid JSON"),
                ("worker", "{}", {}, "EMAIL_WORKER_POOL_FILE: epoch: Field required"),
                ("worker", None, {}, "EMAIL_WORKER_POOL_FILE: the pool file cannot be read"),
                ("api", A_POOL, {}, "EMAIL_API_LEDGER: not set, and a pool file is"),
                ("api", A_POOL, {"EMAIL_API_LEDGER": "none"}, "EMAIL_API_LEDGER: no ledger"),
                (
                    "api",
                    A_POOL,
                    {"EMAIL_API_LEDGER": "dynamodb:abc", "EMAIL_API_POOL_FENCE_S": "3.5"},
                    "EMAIL_API_POOL_FENCE_S: not longer than a look at the file and a call (3.5 s)",
                ),
                (
                    "api",
                    A_POOL,
                    {"EMAIL_API_QUEUE_URLS": URL, "EMAIL_API_LEDGER": "dynamodb:abc"},
                    "EMAIL_API_QUEUE_URL: two pools are set",
                ),
            )
        ),
        ("api", {**API, "EMAIL_API_SEND_BATCH_MAX": "11"}, "EMAIL_API_SEND_BATCH_MAX: "),
        ("api", {**API, "EMAIL_API_SEND_LINGER_MS": "-1"}, "EMAIL_API_SEND_LINGER_MS: "),
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
        ("worker", {"EMAIL_WORKER_QUEUE_URL": URL}, "EMAIL_WORKER_SMTP_PORT: not set, and smtp"),
        ("worker", {**WORKER, "EMAIL_WORKER_PROVIDERS": "pigeon"}, "EMAIL_WORKER_PROVIDERS: "),
        ("worker", {**WORKER, "EMAIL_WORKER_PROVIDERS": ""}, "EMAIL_WORKER_PROVIDERS: "),
        ("worker", {**WORKER, "EMAIL_WORKER_PROVIDERS": "ses, ses"}, "EMAIL_WORKER_PROVIDERS: "),
        (
            "worker",
            {**WORKER, "EMAIL_WORKER_PROVIDERS": "smtp,sendgrid"},
            "EMAIL_WORKER_SENDGRID_API_KEY: not set, and sendgrid",
        ),
        (
            "worker",
            {
                **WORKER,
                "EMAIL_WORKER_PROVIDERS": "mailgun",
                "EMAIL_WORKER_MAILGUN_DOMAIN": "mail.example.com",
            },
            "EMAIL_WORKER_MAILGUN_API_KEY: not set, and mailgun",
        ),
        (
            "worker",
            {
                **WORKER,
                "EMAIL_WORKER_MAILGUN_URL": "mailgun",
                "EMAIL_WORKER_MAILGUN_API_KEY": "s3same",
            },
            "EMAIL_WORKER_MAILGUN_URL: ",
        ),
        *(
            ("worker", {**WORKER, "EMAIL_WORKER_LEDGER": ledger}, "EMAIL_WORKER_LEDGER: ")
            for ledger in (
                *("", "redis:x", "sqlite:", "sqlite:/nonexistent/x", "sqlite:/"),
                *("dynamodb:", "dynamodb:a b", "none:x"),
            )
        ),
    ],
)
def test_a_bad_setting_is_one_line_naming_it(run, component, variables, named):
    exit_code, errors = run(component, variables)
    assert exit_code == 2
    assert errors.startswith(named)
    assert "wanted: " in errors
    assert len(errors.splitlines()) == 1
    assert "s3same" not in errors


@pytest.mark.parametrize(
    "wrong",
    [
        {"EMAIL_WORKER_REGION": "no such region"},
        {"EMAIL_WORKER_SQS_ENDPOINT_URL": "http://[::1"},
        {"AWS_PROFILE": "nobody"},
    ],
)
def test_what_the_aws_sdk_refuses_is_one_line(run, wrong):
    exit_code, errors = run("worker", {**WORKER, **wrong})
    assert exit_code == 2
    assert errors.startswith("no client for sqs can be made")
    assert len(errors.splitlines()) == 1


def test_a_busy_port_is_one_line(run):
    with socket.create_server(("127.0.0.1", 0)) as other:
        exit_code, errors = run("api", {**API, "EMAIL_API_PORT": str(other.getsockname()[1])})
    assert exit_code == 2
    assert "cannot listen on 127.0.0.1" in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize("component", ["api", "worker"])
def test_help_lists_the_variables_without_needing_any(run, capsys, component):
    with pytest.raises(SystemExit) as caught:
        run(component, {}, "--help")
    assert caught.value.code == 0
    assert f"EMAIL_{component.upper()}_QUEUE_URL" in capsys.readouterr().out


def test_the_exit_code_is_that_of_the_process():
    clean = {k: v for k, v in os.environ.items() if not k.startswith("EMAIL_")}
    finished = subprocess.run(
        [sys.executable, "-m", "reference.worker"],
        env=clean,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 2
