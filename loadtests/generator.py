"""The load generator as processes: one Locust, or a master with its workers."""

import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.distributed.distribution import Distribution
from loadtests.distributed.ledgers import LEDGERS_ENV
from loadtests.processes import Component, ComponentError, Components
from loadtests.queues import AWS_ENV
from scenarios.evidence import GeneratorPart

NAME = "generator"
STATUS_FILE = "generator.json"  # written by dispatch.py
START_TIMEOUT_S = 60.0
REMOTE_START_TIMEOUT_S = 600.0  # somebody has to start workers on other hosts by hand


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is to be run: a Locust file with our own options, and the key of its target."""

    locustfile: str
    options: Sequence[str]
    api_key: str
    senders: int


@dataclass
class Generator:
    """The processes that make one load, and what they say of it in the experiment's folder."""

    folder: Path
    main: Component  # all of the load, or its master
    start_timeout_s: float = START_TIMEOUT_S
    names: set[str] = field(default_factory=lambda: {NAME})

    def is_part(self, component: Component) -> bool:
        return component.name in self.names

    def wait_for_start(self) -> float:
        """When the load began, on the monotonic clock. Raises ComponentError."""
        deadline_s = time.monotonic() + self.start_timeout_s
        while time.monotonic() < deadline_s:
            if (self.folder / STATUS_FILE).exists():
                return float(self._status()["start_s"])
            if self.main.exit_code is not None:
                raise ComponentError(
                    f"the generator ended with exit code {self.main.exit_code} before it began; "
                    f"see {self.main.log}"
                )
            time.sleep(0.01)
        raise ComponentError(f"the generator did not begin; see {self.main.log}")

    @property
    def is_finished(self) -> bool:
        """Whether its schedule was worked off."""
        return bool(self._status()["finished"])

    def parts(self) -> list[GeneratorPart]:
        """The workers that shared the load; none when one process made it."""
        if not (self.folder / STATUS_FILE).exists():
            return []
        return [GeneratorPart(**part) for part in self._status()["workers"]]

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads((self.folder / STATUS_FILE).read_text())
        return status


def start_generator(
    folder: Path,
    components: Components,
    command: Command,
    distribution: Distribution | None,
    say: Callable[[str], None],
) -> Generator:
    """Raises ComponentError when a process cannot be started."""
    path = str(Path(__file__).parent / command.locustfile)
    options = [
        *("--headless", "--users", str(command.senders), "--spawn-rate", str(command.senders)),
        *("--only-summary", "--exit-code-on-error", "0"),
        *command.options,
    ]
    # The key goes by environment: a command line is everybody's to read.
    env = {**AWS_ENV, "LOCUST_API_KEY": command.api_key}

    def start(name: str, arguments: Sequence[str], **more: str) -> Component:
        return components.add(
            Component(
                name,
                ["locust", "-f", path, *arguments],
                log=folder / "logs" / f"{name}.log",
                env={**env, **more},
                may_end=True,
            )
        )

    if distribution is None:
        return Generator(folder, start(NAME, options))
    port = distribution.port or _free_port(distribution.listen)
    main = start(
        NAME,
        [
            *("--master", "--master-bind-host", distribution.listen),
            *("--master-bind-port", str(port)),
            *("--expect-workers", str(distribution.all_workers)),
            *options,
        ],
    )
    worker = ["--worker", "--master-host", distribution.listen, "--master-port", str(port)]
    names = [f"{NAME}-{n}" for n in range(1, distribution.workers + 1)]
    for name in names:
        start(name, [*worker, "--exit-code-on-error", "0"], **{LEDGERS_ENV: str(folder)})
    if distribution.remote_workers:
        say(
            f"waiting for {distribution.remote_workers} workers: on their hosts, in a checkout, "
            f"run `locust -f loadtests/{command.locustfile} {' '.join(worker)}`"
        )
    is_remote = distribution.remote_workers > 0
    timeout_s = REMOTE_START_TIMEOUT_S if is_remote else START_TIMEOUT_S
    return Generator(folder, main, timeout_s, {NAME, *names})


def _free_port(host: str) -> int:
    """One that is free now. Raises ComponentError when the address is none of this host's."""
    try:
        with socket.socket() as taken:
            taken.bind((host, 0))
            return int(taken.getsockname()[1])
    except OSError as error:
        raise ComponentError(
            f"the master cannot listen on {host}: {error.strerror}; name an address of this host"
        ) from error
