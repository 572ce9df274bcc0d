"""An asyncio event loop in virtual time, so that coroutines run as they are.

Futures, tasks and time-outs of asyncio, and anyio on top of them, need no more of a loop than
this. There is no I/O in it: what a process hears from others comes over `network.py`.
"""

import asyncio
from asyncio import _set_running_loop
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, cast

from loadtests.sim.scheduler import Handle, Process


class ProcessLoop:
    """The loop of one process; the part of asyncio.AbstractEventLoop that is in use."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._as_loop = cast(asyncio.AbstractEventLoop, self)
        process.loop = self._as_loop
        # Kept, because a coroutine that nobody knows any more runs its `finally` blocks, after the
        # death of its process and on the loop of whichever runs then.
        self._tasks: list[asyncio.Task[Any]] = []

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        return self._process.call_soon(callback, *args, context=context or copy_context())

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:
        return self._process.call_at(when, callback, *args, context=context or copy_context())

    def time(self) -> float:
        return self._process.clock.now_s()

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self._as_loop)

    def create_task(self, coro: Coroutine[Any, Any, Any], **options: Any) -> "asyncio.Task[Any]":
        task = asyncio.Task(coro, loop=self._as_loop, **options)
        self._tasks.append(task)
        return task

    def bury(self) -> None:
        """End tasks that will never go on. The process must be dead: what they do is in vain."""
        _set_running_loop(self._as_loop)
        try:
            for task in self._tasks:
                coro = task.get_coro()
                if not task.done() and coro is not None:
                    coro.close()
        finally:
            _set_running_loop(None)
        self._tasks.clear()

    def run(self, coro: Coroutine[Any, Any, None], done: Callable[[], None] | None = None) -> None:
        """Run a coroutine to its end, and then call `done`."""
        self.create_task(self._to_its_end(coro, done))

    async def _to_its_end(
        self, coro: Coroutine[Any, Any, None], done: Callable[[], None] | None
    ) -> None:
        try:
            await coro
        except Exception as error:  # noqa: BLE001 - whatever it is, the simulation went wrong
            self._process.scheduler.fail(f"{self._process.name}: {error!r}", error)
        else:
            if done is not None:
                done()

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """asyncio complains of tasks that a kill left unfinished; so it is meant."""
