"""Long polls: receives that wait for a message.

Nobody polls: a queue says when something became available, and while receives wait for it, one
timer a queue watches for what time alone brings about (an expiring visibility timeout, an ending
delay). Receives of one queue are served in the order in which they came. A receive that was
answered, or whose client left, leaves nothing behind.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from reference.clock import Clock
from reference.cloud.sqs.errors import SqsError
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.receives import ReceiveCall

Answer = dict[str, Any]


class Wait:
    """One waiting receive. `future` yields its answer, or raises SqsError."""

    __slots__ = ("_end", "call", "future", "timer")

    def __init__(
        self, call: ReceiveCall, future: asyncio.Future[Answer], end: Callable[["Wait"], None]
    ) -> None:
        self.call = call
        self.future = future
        self._end = end
        self.timer: asyncio.TimerHandle | None = None

    def leave(self) -> None:
        """The client is gone: take no message for it."""
        if not self.future.done():
            self.future.set_result({})
            self._end(self)


class _Watch(NamedTuple):
    due_s: float
    timer: asyncio.TimerHandle


class LongPolls:
    """All waiting receives of one server. Belongs to one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # OrderedDict, not dict: a dict rescans its deleted slots on every pop from the front.
        self._waits: dict[Queue, OrderedDict[Wait, None]] = {}
        self._watches: dict[Queue, _Watch] = {}
        self._woken: set[Queue] = set()

    def wait(self, call: ReceiveCall) -> Wait:
        """Queue up a receive that found nothing."""
        loop = asyncio.get_running_loop()
        wait = Wait(call, loop.create_future(), self._forget)
        self._waits.setdefault(call.queue, OrderedDict())[wait] = None
        wait.timer = loop.call_later(call.wait_s, self._end, wait)
        self._watch(call.queue)
        return wait

    def wake(self, queue: Queue) -> None:
        """Something may be available now: serve the queue's waits once this call is done."""
        if queue in self._waits and queue not in self._woken:
            self._woken.add(queue)
            asyncio.get_running_loop().call_soon(self._serve, queue)

    def end_all(self) -> None:
        """The server stops: answer everybody at once."""
        for waits in list(self._waits.values()):
            for wait in list(waits):
                self._end(wait)

    def _serve(self, queue: Queue) -> None:
        self._woken.discard(queue)
        while (waits := self._waits.get(queue)) and queue.has_available():
            wait = next(iter(waits))
            try:
                answer = wait.call.try_receive()
            except SqsError as error:
                wait.future.set_exception(error)
                self._forget(wait)
                continue
            if answer is None:  # what was available went to the dead-letter queue
                continue
            wait.future.set_result(answer)
            self._forget(wait)
        if queue in self._waits:
            self._watch(queue)

    def _end(self, wait: Wait) -> None:
        if not wait.future.done():
            wait.call.queue.counters.empty_receives += 1
            wait.future.set_result({})
            self._forget(wait)

    def _forget(self, wait: Wait) -> None:
        queue = wait.call.queue
        if wait.timer is not None:
            wait.timer.cancel()
        self._waits[queue].pop(wait)
        if not self._waits[queue]:
            del self._waits[queue]
            if watch := self._watches.pop(queue, None):
                watch.timer.cancel()

    def _watch(self, queue: Queue) -> None:
        """See to it that the waits are served when time alone makes a message available."""
        due_s = queue.next_due_s()
        watch = self._watches.get(queue)
        if due_s == float("inf") or (watch is not None and watch.due_s <= due_s):
            return
        if watch is not None:
            watch.timer.cancel()
        delay_s = max(0.0, due_s - self._clock.now_s())
        timer = asyncio.get_running_loop().call_later(delay_s, self._look, queue)
        self._watches[queue] = _Watch(due_s, timer)

    def _look(self, queue: Queue) -> None:
        del self._watches[queue]
        self._serve(queue)
