"""Virtual time: what is to happen, in order; and the processes in which it happens.

Every callback belongs to a process. A process that is paused (SIGSTOP) runs nothing: what became
due meanwhile runs, in order, once it goes on. One that is dead (SIGKILL) never runs anything again,
not even what stands in a `finally`.
"""

from asyncio import AbstractEventLoop, _set_running_loop
from collections.abc import Callable
from contextvars import Context
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from reference.clock import VirtualClock

if TYPE_CHECKING:
    from loadtests.sim.network import Exchange

STEPS_MAX = 2_000_000  # of one simulation; a healthy one takes some thousands


class SimulationError(Exception):
    """The simulation itself went wrong: it does not end, or something in it raised."""


class Handle:
    """A callback that is to run; `cancel` takes it back. As asyncio.Handle."""

    __slots__ = ("_args", "_callback", "_context", "_process", "is_cancelled")

    def __init__(
        self,
        process: "Process",
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None,
    ) -> None:
        self._process = process
        self._callback = callback
        self._args = args
        self._context = context
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def cancelled(self) -> bool:
        return self.is_cancelled

    def run(self) -> None:
        """Run it, or put it off until its process goes on."""
        process = self._process
        if process.is_dead:
            return
        if process.is_paused:
            process.put_off(self)
            return
        if process.loop is not None:
            _set_running_loop(process.loop)
        if self._context is None:
            self._callback(*self._args)
        else:
            self._context.run(self._callback, *self._args)


class Scheduler:
    """Runs callbacks in the order of their virtual times, those of one time as they came."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._due: list[tuple[float, int, Handle]] = []
        self._count = 0
        self._is_stopped = False
        self.steps = 0

    def add(self, at_s: float, handle: Handle) -> None:
        self._count = count = self._count + 1
        heappush(self._due, (at_s, count, handle))

    def stop(self) -> None:
        """End `run` once the callback that runs now is done."""
        self._is_stopped = True

    def run(self, *, deadline_s: float) -> bool:
        """Run until told to stop, or until the deadline; whether it was told.

        Raises SimulationError.
        """
        clock, due = self.clock, self._due
        self._is_stopped = False
        try:
            while not self._is_stopped:
                if not due or due[0][0] > deadline_s:
                    return False
                at_s, _, handle = heappop(due)
                if handle.is_cancelled:
                    continue
                now_s = clock.now_s()
                if at_s > now_s:
                    clock.advance(at_s - now_s)
                handle.run()
                self.steps += 1
                if self.steps > STEPS_MAX:
                    raise SimulationError(f"no end after {STEPS_MAX:,} steps at {now_s:.3f} s")
        finally:
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
        self._put_off: list[Handle] = []

    def call_at(
        self,
        at_s: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:
        handle = Handle(self, callback, args, context)
        self.scheduler.add(at_s, handle)
        return handle

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        return self.call_at(self.clock.now_s(), callback, *args, context=context)

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
            self.scheduler.add(now_s, handle)
        self._put_off.clear()
