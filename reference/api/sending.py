"""Writing to SQS, with retries that remember what is uncertain.

boto3 blocks, so attempts run in a bounded set of threads, with a bounded line before them. A
request that finds the line full, or no free thread in time, is refused, certainly unsent. Without
the bound, a backlog would keep every answer later than its sender waits: all work would be for
requests that nobody listens to any more, and the backlog would never go.
"""

import itertools
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import structlog

from reference.api.metrics import Metrics
from reference.backoff import full_jitter_s
from reference.clock import Clock
from reference.errors import QueueError
from reference.sqs_client import QueueWriter

_BACKOFF_FIRST_S = 0.05
_BACKOFF_MAX_S = 1.0

# Runs a blocking call where it blocks nobody, under `limiter=`; returns what it returns.
RunBlocking = Callable[..., Awaitable[Any]]


class SendFailedError(Exception):
    """No attempt was confirmed. If `is_definite`, none can have been stored either."""

    def __init__(self, code: str, *, is_definite: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_definite = is_definite


class QueueSender:
    """Sends messages to one queue, for all requests of a process."""

    def __init__(
        self,
        queue: QueueWriter,
        metrics: Metrics,
        clock: Clock,
        *,
        threads: int,
        line_max: int,
        attempts_max: int,
        deadline_s: float,
        run_blocking: RunBlocking = anyio.to_thread.run_sync,
    ) -> None:
        """At most `line_max` attempts wait for a thread; after `deadline_s` none begins."""
        self._queue = queue
        self._metrics = metrics
        self._clock = clock
        self._attempts_max = attempts_max
        self._deadline_s = deadline_s
        self._run_blocking = run_blocking
        self._threads = anyio.CapacityLimiter(threads)
        self._places = anyio.Semaphore(threads)
        self._line_max = line_max
        self._log = structlog.get_logger()

    @property
    def is_full(self) -> bool:
        """Whether an attempt would be refused at once."""
        waiting = self._places.statistics().tasks_waiting
        return self._places.value == 0 and waiting >= self._line_max

    async def send(self, *, body: str, group: str, email_id: str) -> None:
        """Return once SQS has confirmed the message. Raises SendFailedError."""
        is_uncertain = False
        call = partial(self._queue.send, body=body, group=group, dedup_id=email_id)
        deadline_s = self._clock.now_s() + self._deadline_s
        for attempt in itertools.count(1):
            try:
                await self._in_thread(call)
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

    async def _in_thread(self, call: "partial[str]") -> None:
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            if self.is_full:
                raise QueueError("LineFull", is_definite=True, is_transient=False) from None
            with anyio.move_on_after(self._deadline_s) as waiting:
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
