"""Writing to SQS, with retries that remember what is uncertain.

boto3 blocks, so attempts run in a bounded set of threads, with a bounded line before them. A
request that finds the line full, or no free thread in time, is refused, certainly unsent. Without
the bound, a backlog would keep every answer later than its sender waits: all work would be for
requests that nobody listens to any more, and the backlog would never go.
"""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import structlog

from reference.api.batching import Batcher, Item, line_full
from reference.api.metrics import Metrics
from reference.api.routing import Route, Way
from reference.backoff import full_jitter_s
from reference.clock import Clock
from reference.errors import QueueError
from reference.sqs_client import Outgoing, QueueWriter

_BACKOFF_FIRST_S = 0.05
_BACKOFF_MAX_S = 1.0
# Batches under way at a time are fewer than single sends, so that they are fuller: at 30 ms a call,
# the 8 of 32 threads carry 266 a second, about a FIFO queue's quota.
_THREADS_PER_BATCH = 4

# Runs a blocking call where it blocks nobody, under `limiter=`; returns what it returns.
RunBlocking = Callable[..., Awaitable[Any]]


class SendFailedError(Exception):
    """No attempt was confirmed. If `is_definite`, none can have been stored either."""

    def __init__(self, code: str, *, is_definite: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_definite = is_definite


class QueueSender:
    """Sends messages, for all requests of a process."""

    def __init__(
        self,
        route: Route,
        metrics: Metrics,
        clock: Clock,
        *,
        threads: int,
        line_max: int,
        attempts_max: int,
        deadline_s: float,
        batch_max: int = 1,
        linger_s: float = 0.0,
        run_blocking: RunBlocking = anyio.to_thread.run_sync,
    ) -> None:
        """At most `line_max` attempts wait for a thread; after `deadline_s` none begins.

        With a `batch_max` above 1, messages wait up to `linger_s` for others to share a call with.
        """
        self._route = route
        self._metrics = metrics
        self._clock = clock
        self._attempts_max = attempts_max
        self._deadline_s = deadline_s
        self._batch_max = batch_max
        self._linger_s = linger_s
        self._run_blocking = run_blocking
        self._threads = anyio.CapacityLimiter(threads)
        self._places = anyio.Semaphore(threads)
        self._line_max = line_max
        self._calls_max = max(1, threads // _THREADS_PER_BATCH)
        self._batchers: dict[QueueWriter, Batcher] = {}
        self._log = structlog.get_logger()

    @property
    def is_full(self) -> bool:
        """Whether an attempt would be refused at once."""
        if self._batch_max > 1:
            # Before the way is known: only when whatever queue it is has no room.
            full = sum(batcher.is_full for batcher in self._batchers.values())
            return full >= self._route.queue_count
        waiting = self._places.statistics().tasks_waiting
        return self._places.value == 0 and waiting >= self._line_max

    async def send(self, *, body: str, group: str, email_id: str) -> None:
        """Return once SQS has confirmed the message. Raises SendFailedError."""
        is_uncertain = False
        message = Outgoing(body, group, email_id)
        deadline_s = self._clock.now_s() + self._deadline_s
        for attempt in itertools.count(1):
            try:
                await self._attempt(message, deadline_s)
            except QueueError as error:
                is_uncertain = is_uncertain or not error.is_definite
                self._note(error, email_id, attempt)
                pause_s = full_jitter_s(attempt, first_s=_BACKOFF_FIRST_S, max_s=_BACKOFF_MAX_S)
                is_last = attempt >= self._attempts_max or not error.is_transient
                if is_last or self._clock.now_s() + pause_s >= deadline_s:
                    raise SendFailedError(error.code, is_definite=not is_uncertain) from None
                await anyio.sleep(pause_s)
            else:
                self._metrics.send_attempt("ok")
                return

    async def _attempt(self, message: Outgoing, deadline_s: float) -> None:
        way = await self._route.way_of(group=message.group, email_id=message.dedup_id)
        if way is None:
            return
        left_s = deadline_s - self._clock.now_s()
        if left_s <= 0:  # it has taken all the time to find the way
            raise QueueError("DeadlinePassed", is_definite=True, is_transient=False)
        if self._batch_max == 1:
            await self._in_thread(partial(_send, way, message), wait_max_s=left_s)
        else:
            item = Item(message, way.is_open)
            await self._batcher(way.queue).send(item, wait_max_s=left_s)

    def _batcher(self, queue: QueueWriter) -> Batcher:
        if queue not in self._batchers:

            async def call(items: Sequence[Item]) -> dict[int, QueueError]:
                done: dict[int, QueueError] = await self._run_blocking(
                    partial(_send_batch, queue, items), limiter=self._threads
                )
                return done

            self._batchers[queue] = Batcher(
                call,
                places=self._places,
                batch_max=self._batch_max,
                linger_s=self._linger_s,
                calls_max=self._calls_max,
                # At least one batch: it waits for others to share its call with, not for a thread.
                waiting_max=max(1, self._line_max) * self._batch_max,
                keeps_order=queue.keeps_order,
            )
        return self._batchers[queue]

    async def _in_thread(self, call: "partial[None]", *, wait_max_s: float) -> None:
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            if self.is_full:
                raise line_full() from None
            with anyio.move_on_after(wait_max_s) as waiting:
                await self._places.acquire()
            if waiting.cancelled_caught:
                raise QueueError("NoFreeThread", is_definite=True, is_transient=False) from None
        try:
            await self._run_blocking(call, limiter=self._threads)
        finally:
            self._places.release()

    def _note(self, error: QueueError, email_id: str, attempt: int) -> None:
        self._metrics.send_attempt("definite" if error.is_definite else "indefinite")
        self._log.warning(
            "queue write failed",
            code=error.code,
            is_definite=error.is_definite,
            attempt=attempt,
            email_id=email_id,
        )


def _send(way: Way, message: Outgoing) -> None:
    """In a thread. Raises QueueError."""
    if not way.is_open():
        raise _moved()
    way.queue.send(body=message.body, group=message.group, dedup_id=message.dedup_id)


def _send_batch(queue: QueueWriter, items: Sequence[Item]) -> dict[int, QueueError]:
    """In a thread; the failures by position. Raises QueueError when the call as a whole failed."""
    still_open = [position for position, item in enumerate(items) if item.is_open()]
    failures = {n: _moved() for n in range(len(items)) if n not in still_open}
    try:
        failed = queue.send_batch([items[n].message for n in still_open]) if still_open else {}
    except QueueError as error:
        if not failures or (error.is_definite and not error.is_transient):
            raise  # refused for good: the batcher sends each alone
        failed = dict.fromkeys(range(len(still_open)), error)
    return failures | {still_open[n]: error for n, error in failed.items()}


def _moved() -> QueueError:
    """The group has another queue since the way was found."""
    return QueueError("QueueMoved", is_definite=True, is_transient=True)
