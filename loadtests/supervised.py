"""Components that can be started again as they were: same command, same port, same log.

The harness is their supervisor, as systemd or ECS is elsewhere: what a fault killed comes back
where its clients expect it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.processes import Component, Components


@dataclass(frozen=True)
class Listens:
    """A port of a component, and how it is told which: by option or by variable.

    The component writes its port into a file once it answers there.
    """

    port: int  # 0: any free one
    option: str = "--port"
    file_option: str = "--port-file"
    by_environment: bool = False


@dataclass(frozen=True, kw_only=True)
class Rig:
    """What a fault needs to have prepared around a component before it starts."""

    prefix: Sequence[str] = ()  # a command that runs its arguments, as a namespace does
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None  # instead of its log file

    def __add__(self, other: "Rig") -> "Rig":
        return Rig(
            prefix=[*self.prefix, *other.prefix],
            env={**self.env, **other.env},
            log=self.log or other.log,
        )


class Supervised:
    """One component of the pipeline, over all its lives."""

    def __init__(
        self,
        components: Components,
        name: str,
        argv: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str],
        listens: Sequence[Listens] = (),
        rig: Rig | None = None,
    ) -> None:
        """`argv` is a module and its arguments; ports are added to it."""
        self.name = name
        self._components = components
        self._argv = list(argv)
        self._folder = folder
        self._rig = rig or Rig()
        self._env = {**env, **self._rig.env}
        self._listens = list(listens)
        self.ports = [listening.port for listening in listens]
        self.process: Component | None = None

    def start(self) -> None:
        """Start it, or start it again; returns at once. Raises ComponentError."""
        argv, env = list(self._argv), dict(self._env)
        for number, listening in enumerate(self._listens):
            file = self._port_file(number)
            file.unlink(missing_ok=True)
            said = {listening.option: str(self.ports[number]), listening.file_option: str(file)}
            if listening.by_environment:
                env |= said
            else:
                argv += [word for pair in said.items() for word in pair]
        started = Component(
            self.name,
            argv,
            log=self._rig.log or self._folder / "logs" / f"{self.name}.log",
            env=env,
            prefix=self._rig.prefix,
        )
        self._components.put(started, instead_of=self.process)
        self.process = started

    def wait_until_ready(self) -> None:
        """Wait until it answers. Raises ComponentError when it ends first, or takes too long."""
        assert self.process is not None
        for number in range(len(self._listens)):
            self.ports[number] = self.process.wait_for_port(self._port_file(number))

    def is_ready(self) -> bool:
        """Whether it answers by now."""
        return all(self._port_file(number).exists() for number in range(len(self._listens)))

    def _port_file(self, number: int) -> Path:
        return self._folder / f"{self.name}.{number}.port"
