"""`queueproof up`: the reference system, running until it is told to stop."""

import socket
import sys
import time
from pathlib import Path

from rich.console import Console

from loadtests.parts import API_KEY
from loadtests.pipeline import Pipeline, Ports
from loadtests.processes import ComponentError, Components
from queueproof.suite import SuiteError
from scenarios.configuration import DEFAULT, load_configuration
from scenarios.model import Queue

HOST = "127.0.0.1"


def serve(folder: Path, api_port: int, sqs_port: int, smtp_port: int, console: Console) -> None:
    """Start everything, say what to open and type next, and wait.

    Raises ComponentError when a component does not start or dies.
    """
    folder = folder.resolve()
    try:
        with Components() as components:
            ports = Ports(api_port, sqs_port, smtp_port)
            pipeline = Pipeline(folder, components, load_configuration(DEFAULT)[0], ports)
            pipeline.start_sqs(Queue(), seed=1)
            pipeline.start_service(Queue())
            _say_what_next(pipeline, folder, console)
            while not components.dead():
                time.sleep(0.2)
            dead = components.dead()[0]
            raise ComponentError(
                f"{dead.name} ended with exit code {dead.exit_code}; see {dead.log}"
            )
    except KeyboardInterrupt:
        console.print(f"stopped; journals and logs are in {folder}", soft_wrap=True)


def check_ports(api_port: int, sqs_port: int, smtp_port: int) -> None:
    """Raises SuiteError when one is taken."""
    for option, port in (("api", api_port), ("sqs", sqs_port), ("smtp", smtp_port)):
        _check_free(port, f"--{option}-port")


def _check_free(port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SuiteError(
                f"{option} {port}: {error.strerror}; choose another port, or 0 for a free one"
            ) from error


def _say_what_next(pipeline: Pipeline, folder: Path, console: Console) -> None:
    locust = Path(sys.executable).parent / "locust"
    lines = [
        f"API    {pipeline.api_url}/openapi.json   key: {API_KEY}",
        f"SQS    {pipeline.sqs_endpoint}   queue: {pipeline.queues.urls[0]}",
        f"SMTP   {HOST}:{pipeline.smtp_port}   journals and logs: {folder}",
        "",
        "Send an email:",
        f"  curl -i {pipeline.api_url}/v1/emails -H 'Authorization: Bearer {API_KEY}' "
        "-H 'Content-Type: application/json' -d '"
        '{"from": "no-reply@example.com", "to": ["someone@example.com"], '
        '"subject": "hello", "text": "hi"}\'',
        "Offer load, with Locust's web UI at http://127.0.0.1:8089:",
        f"  {locust} -f loadtests/locustfile.py --web-host 127.0.0.1 --host {pipeline.api_url} "
        f"--api-key {API_KEY} --rate 50",
        "Run a scenario against it:",
        f"  queueproof run baseline --target {pipeline.api_url} --api-key {API_KEY}",
        "Ctrl-C stops everything.",
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
