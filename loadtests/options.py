"""The load's own command-line options, shared by both Locust files, and the target guard."""

import ipaddress
import socket
from argparse import Namespace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scenarios.model import EmailLoad, LogScan, Recorded, SqsCallLoad, load_scenario

PLAIN_DURATION_S = 86_400  # without a scenario the load goes on until it is stopped


class TargetError(Exception):
    """A target that must not, or cannot, be loaded."""


def add_options(parser: Any) -> None:
    """Add what our load needs to Locust's own command line, and so to its web UI."""
    parser.add_argument("--scenario", default="", help="scenario file, or a name of the catalogue")
    parser.add_argument("--rate", type=float, default=20.0, help="emails a second (no scenario)")
    parser.add_argument("--seed", type=int, default=1, help="decides traffic and people")
    parser.add_argument("--key-prefix", default="", help="of idempotency keys; default: random")
    parser.add_argument("--api-key", default="", env_var="LOCUST_API_KEY", include_in_web_ui=False)
    # As text: a master hands its options to its workers as plain values.
    parser.add_argument("--ledger-dir", default="", help="folder for the evidence")
    parser.add_argument("--duration", type=float, default=0.0, help="seconds; default: scenario's")
    parser.add_argument("--sqs-endpoint", default="", help="for direct SQS load")
    parser.add_argument("--queue-url", default="", help="for direct SQS load")
    parser.add_argument("--aws-region", default="us-east-1")
    parser.add_argument(
        "--i-own-this-target",
        action="store_true",
        help="required for a target that is not on this machine's loopback",
    )


def options_of(environment: Any) -> Namespace:
    """The parsed command line of a Locust process."""
    return environment.parsed_options or Namespace()


def ledger_folder(options: Namespace) -> Path | None:
    """Where the evidence goes, if it is kept."""
    return Path(options.ledger_dir) if options.ledger_dir else None


def email_load(options: Namespace) -> EmailLoad:
    """The load to offer: the scenario's, or a steady one from the options.

    Raises ScenarioError when the scenario is unknown or of another kind.
    """
    load = _scenario_load(options)
    if load is None:
        return EmailLoad(
            kind="emails", rate_per_s=options.rate, duration_s=options.duration or PLAIN_DURATION_S
        )
    if not isinstance(load, EmailLoad):
        raise TargetError(f"--scenario {options.scenario}: its load is not of emails")
    return load.model_copy(update=_duration(options))


def sqs_call_load(options: Namespace) -> SqsCallLoad:
    """The same for direct calls of SQS."""
    load = _scenario_load(options)
    if load is None:
        return SqsCallLoad(
            kind="sqs-calls", rate_per_s=options.rate, duration_s=options.duration or 60
        )
    if not isinstance(load, SqsCallLoad):
        raise TargetError(f"--scenario {options.scenario}: its load is not of SQS calls")
    return load.model_copy(update=_duration(options))


def _scenario_load(options: Namespace) -> EmailLoad | SqsCallLoad | LogScan | Recorded | None:
    return load_scenario(options.scenario)[0].load if options.scenario else None


def _duration(options: Namespace) -> dict[str, float]:
    return {"duration_s": options.duration} if options.duration else {}


def check_target(url: str, *, owned: bool) -> None:
    """Refuse a target that is not loopback, unless its owner says so.

    Raises TargetError, also when the URL cannot be understood or its host has no address.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 80
    except ValueError:  # no number, or none that a port can have
        host, port = None, 0
    if host is None or parts.scheme not in {"http", "https"}:
        raise TargetError(f"target {url!r}: want http://HOST:PORT or https://HOST")
    if owned:
        return
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TargetError(f"target {url!r}: host has no address ({error.strerror})") from error
    for *_, address in addresses:
        if not ipaddress.ip_address(address[0]).is_loopback:
            raise TargetError(
                f"target {url!r} is not on this machine's loopback; "
                "load only what is yours, and say so with --i-own-this-target"
            )
