"""The servers to be compared, each as a process of its own on a free port of loopback."""

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from benchmarks.figures import BenchError
from benchmarks.sqs.traffic import wait_for_answer
from loadtests.processes import Component, ComponentError, Components

START_TIMEOUT_S = 30.0
OURS, EMPTY, BARE = "queueproof", "empty ASGI app under uvicorn", "empty handler, own server"
MINISTACK, MOTO = "ministack", "moto"


@dataclass(frozen=True)
class Server:
    """One that answers. `start_s` is from the start of its process to its first answer."""

    name: str
    port: int
    start_s: float
    process: psutil.Process
    component: Component

    def rss_bytes(self) -> int:
        return int(self.process.memory_info().rss)

    def cpu_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


class Servers:
    """Starts them into one folder; they end with `components`."""

    def __init__(self, folder: Path, components: Components) -> None:
        self._folder = folder
        self._components = components
        self._started = 0

    def ours(self, *options: str, quotas: str = "off") -> Server:
        """The local SQS. Raises BenchError when it does not start; so do the others."""
        argv = ["reference.cloud.sqs", "--quotas", quotas, *options]
        return self._with_port_file(OURS, argv)

    def empty(self) -> Server:
        """An ASGI application that does nothing, under uvicorn."""
        return self._with_port_file(EMPTY, ["benchmarks.sqs.empty_app", "--under", "uvicorn"])

    def bare(self) -> Server:
        """The HTTP server of ours, doing nothing else."""
        return self._with_port_file(BARE, ["benchmarks.sqs.empty_app", "--under", "own"])

    def moto(self) -> Server:
        port = _free_port()
        argv = ["moto.server", "-H", "127.0.0.1", "-p", str(port)]
        return self._start(_versioned(MOTO), argv, lambda _: port)

    def ministack(self) -> Server:
        port = _free_port()
        env = {
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "SERVICES": "sqs",
            "LOG_LEVEL": "WARNING",
            # It would open ports of its own, clean up containers, and leave a file in /tmp.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": f"unix://{self._folder}/no-docker.sock",
            "TMPDIR": str(self._folder),
        }
        return self._start(_versioned(MINISTACK), ["ministack"], lambda _: port, env)

    def stop(self, server: Server) -> None:
        self._components.running.remove(server.component)
        server.component.stop()

    def _with_port_file(self, name: str, argv: list[str]) -> Server:
        port_file = self._folder / f"{self._started}.port"
        return self._start(
            name,
            [*argv, "--port-file", str(port_file)],
            lambda component: component.wait_for_port(port_file),
        )

    def _start(
        self,
        name: str,
        argv: list[str],
        port_of: Callable[[Component], int],
        env: Mapping[str, str] | None = None,
    ) -> Server:
        log = self._folder / f"{self._started}-{name.partition(' ')[0]}.log"
        self._started += 1
        began_s = time.monotonic()
        try:
            component = self._components.add(Component(name, argv, log=log, env=env))
            port = port_of(component)
        except ComponentError as error:
            raise BenchError(str(error)) from error
        wait_for_answer(port, lambda: component.exit_code is None, START_TIMEOUT_S)
        elapsed_s = time.monotonic() - began_s
        return Server(name, port, elapsed_s, psutil.Process(component.pid), component)


def _versioned(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        raise BenchError(f"{package} is not installed") from None


def _free_port() -> int:
    """For servers that cannot take a free port themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
