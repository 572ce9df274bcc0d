"""Long polls: receives that wait for a message.

Nobody polls: a queue says when something became available, and one timer serves everything that
time brings about (an expiring visibility timeout, an ending delay, the end of a wait). Receives
of one queue are served in the order in which they came.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

from reference.clock import Clock
from reference.cloud.sqs.errors import SqsError
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.receives import ReceiveCall

Answer = dict[str, Any]


class Wait:
    """One waiting receive. `future` yields its answer, or raises SqsError."""

    __slots__ = ("call", "future")

    def __init__(self, call: ReceiveCall, future: asyncio.Future[Answer]) -> None:
        self.call = call
        self.future = future

    def leave(self) -> None:
        """The client is gone: take no message for it."""
        if not self.future.done():
            self.future.set_result({})


class LongPolls:
    """All waiting receives of one server. Belongs to one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: dict[Queue, deque[Wait]] = {}
        self._woken: set[Queue] = set()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = itertools.count()  # keeps equal times in order
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_s = float("inf")

    def wait(self, call: ReceiveCall) -> Wait:
        """Queue up a receive that found nothing."""
        wait = Wait(call, asyncio.get_running_loop().create_future())
        self._waits.setdefault(call.queue, deque()).append(wait)
        self._at(self._clock.now_s() + call.wait_s, lambda: self._end(wait))
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
        if self._timer is not None:
            self._timer.cancel()

    def _serve(self, queue: Queue) -> None:
        self._woken.discard(queue)
        waits = self._waits.get(queue)
        while waits and queue.has_available():
            wait = waits.popleft()
            if wait.future.done():
                continue
            try:
                answer = wait.call.try_receive()
            except SqsError as error:
                wait.future.set_exception(error)
                continue
            if answer is None:  # what was available went to the dead-letter queue
                waits.appendleft(wait)
                continue
            wait.future.set_result(answer)
        while waits and waits[0].future.done():
            waits.popleft()
        if waits:
            self._watch(queue)
        else:
            self._waits.pop(queue, None)

    def _end(self, wait: Wait) -> None:
        if not wait.future.done():
            wait.call.queue.counters.empty_receives += 1
            wait.future.set_result({})

    def _watch(self, queue: Queue) -> None:
        due_s = queue.next_due_s()
        if due_s < float("inf"):
            self._at(due_s, lambda: self._serve(queue))

    def _at(self, due_s: float, run: Callable[[], None]) -> None:
        heapq.heappush(self._due, (due_s, next(self._ticket), run))
        if due_s < self._timer_due_s:
            self._set_timer(due_s)

    def _set_timer(self, due_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due_s = due_s
        delay_s = max(0.0, due_s - self._clock.now_s())
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._run_due)

    def _run_due(self) -> None:
        self._timer, self._timer_due_s = None, float("inf")
        now_s = self._clock.now_s()
        while self._due and self._due[0][0] <= now_s:
            heapq.heappop(self._due)[2]()
        if self._due and self._due[0][0] < self._timer_due_s:
            self._set_timer(self._due[0][0])
