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
    """Takes a callback back that is yet to run. As asyncio.Handle."""

    is_cancelled = False  # of the class: most are never touched again

    def cancel(self) -> None:
        self.is_cancelled = True

    def cancelled(self) -> bool:
        return self.is_cancelled


# When, the how-manieth, and what to call in which process: a tuple, which a heap compares fastest.
Due = tuple[
    float,
    int,
    "Process",
    Callable[..., object],
    tuple[Any, ...],
    Context | None,
    Handle,
]


class Scheduler:
    """Runs callbacks in the order of their virtual times, those of one time as they came."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.due: list[Due] = []  # a heap
        self.numbers = itertools.count()
        self._is_stopped = False
        self._failure: SimulationError | None = None
        self.steps = 0

    def stop(self) -> None:
        """End `run` once the callback that runs now is done."""
        self._is_stopped = True

    def fail(self, what: str, error: Exception) -> None:
        """The same, and let `run` raise SimulationError: for where nobody would hear of a raise."""
        self._failure = SimulationError(what)
        self._failure.__cause__ = error
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
                each = heappop(due)
                at_s, _, process, callback, args, context, handle = each
                if handle.is_cancelled or process.is_dead:
                    continue
                now_s = clock.now_s()
                if at_s > now_s:
                    clock.advance(at_s - now_s)
                if process.is_paused:
                    process.put_off(each)
                    continue
                if process.loop is not loop:
                    loop = process.loop
                    _set_running_loop(loop)
                if context is None:
                    callback(*args)
                else:
                    context.run(callback, *args)
                turns += 1
                if turns > TURNS_MAX:
                    raise SimulationError(f"no end after {TURNS_MAX:,} callbacks at {now_s:.3f} s")
        finally:
            self.steps += turns
            _set_running_loop(None)
        if self._failure is not None:
            raise self._failure
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
        self._put_off: list[Due] = []

    def call_at(
        self,
        at_s: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:
        handle = Handle()
        heappush(self._due, (at_s, next(self._numbers), self, callback, args, context, handle))
        return handle

    def call_later(self, delay_s: float, callback: Callable[..., object], *args: Any) -> Handle:
        handle = Handle()
        at_s = self.clock.now_s() + delay_s
        heappush(self._due, (at_s, next(self._numbers), self, callback, args, None, handle))
        return handle

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        handle = Handle()
        now_s = self.clock.now_s()
        heappush(self._due, (now_s, next(self._numbers), self, callback, args, context, handle))
        return handle

    def enter(self, callback: Callable[..., object], *args: Any) -> None:
        """Call it in this process: at once, unless it is paused. Only a process without a loop of
        its own, as the kernel is, may call this.
        """
        if self.is_paused:
            self.call_soon(callback, *args)
            return
        _set_running_loop(self.loop)
        try:
            callback(*args)
        finally:
            _set_running_loop(None)

    def put_off(self, each: Due) -> None:
        self._put_off.append(each)

    def kill(self) -> None:
        self.is_dead = True
        self._put_off.clear()

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        """Go on; what became due meanwhile is run first."""
        self.is_paused = False
        now_s = self.clock.now_s()
        for _, _, process, callback, args, context, handle in self._put_off:
            later = (now_s, next(self._numbers), process, callback, args, context, handle)
            heappush(self._due, later)
        self._put_off.clear()
