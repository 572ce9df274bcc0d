"""The options of `run --distributed`, and what does not go together among them."""

import ipaddress
from typing import Annotated

import typer

from loadtests.distributed.distribution import Distribution
from queueproof.suite import SuiteError

WORKERS = 2

Distributed = Annotated[
    bool, typer.Option("--distributed", help="Share the load over Locust workers.")
]
Workers = Annotated[
    int | None,
    typer.Option(help="With --distributed: on this machine; default 2.", min=0, max=64),
]
RemoteWorkers = Annotated[
    int, typer.Option(help="With --distributed: on other hosts, started there.", min=0, max=1_000)
]
Listen = Annotated[
    str, typer.Option(help="With --remote-workers: ADDRESS[:PORT] at which they find the master.")
]


def distribution_of(
    *,
    distributed: bool,
    workers: int | None,
    remote_workers: int,
    listen: str,
    target: str,
    is_simulated: bool,
) -> Distribution | None:
    """What was asked for, if it was. Raises SuiteError for what does not go together."""
    if not distributed:
        if workers is not None or remote_workers or listen:
            raise SuiteError("--workers, --remote-workers and --listen go with --distributed")
        return None
    if is_simulated:
        raise SuiteError("--distributed does not go with --sim: a simulation is one process")
    local = WORKERS if workers is None else workers
    if local + remote_workers < 1:
        raise SuiteError("--workers 0: nobody is left to make the load")
    if not remote_workers:
        if listen:
            raise SuiteError("--listen goes with --remote-workers: ours find the master alone")
        return Distribution(local)
    if not target:
        raise SuiteError(
            "--remote-workers want a --target that they can reach: the reference's own pipeline "
            "listens on this machine's loopback"
        )
    if not listen:
        raise SuiteError("--remote-workers want --listen ADDRESS[:PORT] to find the master at")
    return Distribution(local, remote_workers, *_address(listen))


def _address(listen: str) -> tuple[str, int]:
    host, separator, port = listen.rpartition(":")
    if not separator:
        host, port = listen, "0"
    try:
        address, number = ipaddress.ip_address(host.strip("[]")), int(port)
    except ValueError:
        address, number = None, -1
    if address is None or not 0 <= number <= 65_535:
        raise SuiteError(
            f"--listen {listen!r}: want ADDRESS or ADDRESS:PORT, such as 192.0.2.7:5557"
        )
    return str(address), number
