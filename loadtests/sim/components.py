"""A component and its lives: started, killed, paused, told to stop, started again."""

from collections.abc import Callable
from typing import Protocol

from loadtests.sim.network import Exchange, Network
from loadtests.sim.scheduler import Process, Scheduler
from reference.clock import VirtualClock


class ComponentClock:
    """The machine's time, with a wall clock that may be set wrong. A `reference.clock.Clock`."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.step_s = 0.0

    def now_s(self) -> float:
        return self._clock.now_s()

    def wall_s(self) -> float:
        return self._clock.wall_s() + self.step_s


class Life(Protocol):
    """What one process of a component does; all of it is called in that process."""

    def handle(self, exchange: Exchange) -> None:
        """A request came in."""

    def stop(self, ended: Callable[[], None]) -> None:
        """SIGTERM. `ended` is to be called when the process would exit."""


class Component:
    """A `network.Server` whose `process` changes."""

    def __init__(
        self,
        name: str,
        scheduler: Scheduler,
        network: Network,
        begin: Callable[[Process], Life],
    ) -> None:
        self.name = name
        self.process: Process | None = None  # that takes requests
        self._scheduler = scheduler
        self._network = network
        self._begin = begin
        self._life: Life | None = None
        self._leaving: list[Process] = []  # told to stop, not gone yet

    def start(self) -> None:
        """Begin another life; while one lasts, nothing."""
        if self.process is None:
            self.process = process = Process(self._scheduler, self.name)
            self._life = self._begin(process)
            process.serve = self._life.handle

    def kill(self) -> None:
        """SIGKILL."""
        for process in [*self._leaving, *([self.process] if self.process else [])]:
            self._end(process)
        self.process = self._life = None

    def pause(self) -> None:
        """SIGSTOP."""
        if self.process is not None:
            self.process.pause()

    def resume(self) -> None:
        """SIGCONT."""
        if self.process is not None:
            self.process.resume()

    def stop(self) -> None:
        """SIGTERM: it takes no new requests, and ends when it is done with those in hand."""
        process, life = self.process, self._life
        if process is None or life is None:
            return
        self.process = self._life = None
        self._leaving.append(process)
        process.call_soon(life.stop, lambda: self._end(process))

    def _end(self, process: Process) -> None:
        process.kill()
        self._network.end_of(process)
        if process in self._leaving:
            self._leaving.remove(process)
