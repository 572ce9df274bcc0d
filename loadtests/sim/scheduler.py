"""Virtual time: what is to happen, in order; and the processes in which it happens.

Every callback belongs to a process. A process that is paused (SIGSTOP) runs nothing: what became
due meanwhile runs, in order, once it goes on. One that is dead (SIGKILL) never runs anything again,
not even what stands in a `finally`.
"""

import itertools
from asyncio import AbstractEventLoop, _set_running_loop
from collections.abc import Callable
from contextvars import Context
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from reference.clock import VirtualClock

if TYPE_CHECKING:
    from loadtests.sim.network import Exchange

TURNS_MAX = 1_000_000  # of one run; a healthy one takes some thousands


class SimulationError(Exception):
    """The simulation itself went wrong: it does not end, or something in it raised."""


class Handle:
    """A callback that is to run; `cancel` takes it back. As asyncio.Handle."""

    __slots__ = ("args", "callback", "context", "is_cancelled", "process")

    def __init__(
        self,
        process: "Process",
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None,
    ) -> None:
        self.process = process
        self.callback = callback
        self.args = args
        self.context = context
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def cancelled(self) -> bool:
        return self.is_cancelled


class Scheduler:
    """Runs callbacks in the order of their virtual times, those of one time as they came."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.due: list[tuple[float, int, Handle]] = []  # a heap
        self.numbers = itertools.count()
        self._is_stopped = False
        self.steps = 0

    def stop(self) -> None:
        """End `run` once the callback that runs now is done."""
        self._is_stopped = True

    def run(self, *, deadline_s: float) -> bool:
        """Run until told to stop, or until the deadline; whether it was told.

        Raises SimulationError.
        """
        # Thousands of turns a simulation: this loop is most of what a callback costs.
        clock, due, loop = self.clock, self.due, None
        turns = 0
        self._is_stopped = False
        try:
            while not self._is_stopped:
                if not due or due[0][0] > deadline_s:
                    return False
                at_s, _, handle = heappop(due)
                process = handle.process
                if handle.is_cancelled or process.is_dead:
                    continue
                now_s = clock.now_s()
                if at_s > now_s:
                    clock.advance(at_s - now_s)
                if process.is_paused:
                    process.put_off(handle)
                    continue
                if process.loop is not loop:
                    loop = process.loop
                    _set_running_loop(loop)
                if handle.context is None:
                    handle.callback(*handle.args)
                else:
                    handle.context.run(handle.callback, *handle.args)
                turns += 1
                if turns > TURNS_MAX:
                    raise SimulationError(f"no end after {TURNS_MAX:,} callbacks at {now_s:.3f} s")
        finally:
            self.steps += turns
            _set_running_loop(None)
        return True


def _serve_nobody(exchange: "Exchange") -> None:
    exchange.abort()


class Process:
    """One life of a component: a restart makes another."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        self.name = name
        self.scheduler = scheduler
        self.clock = scheduler.clock
        self.is_dead = False
        self.is_paused = False
        self.loop: AbstractEventLoop | None = None
        self.serve: Callable[[Exchange], None] = _serve_nobody
        self._due, self._numbers = scheduler.due, scheduler.numbers
        self._put_off: list[Handle] = []

    def call_at(
        self,
        at_s: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:
        handle = Handle(self, callback, args, context)
        heappush(self._due, (at_s, next(self._numbers), handle))
        return handle

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        handle = Handle(self, callback, args, context)
        heappush(self._due, (self.clock.now_s(), next(self._numbers), handle))
        return handle

    def put_off(self, handle: Handle) -> None:
        self._put_off.append(handle)

    def kill(self) -> None:
        self.is_dead = True
        self._put_off.clear()

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        """Go on; what became due meanwhile is run first."""
        self.is_paused = False
        now_s = self.clock.now_s()
        for handle in self._put_off:
            heappush(self._due, (now_s, next(self._numbers), handle))
        self._put_off.clear()
