"""Writing to SQS, with retries that remember what is uncertain.

boto3 blocks, so attempts run in a bounded set of threads; a request that finds no free thread
in time is refused, certainly unsent, rather than queued behind an outage.
"""

from functools import partial

import anyio
import anyio.to_thread
import structlog
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from reference.api.metrics import Metrics
from reference.errors import QueueError
from reference.sqs_client import QueueWriter

_BACKOFF_FIRST_S = 0.05
_BACKOFF_MAX_S = 1.0


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
        *,
        threads: int,
        attempts_max: int,
        deadline_s: float,
    ) -> None:
        """After `deadline_s` no further attempt begins."""
        self._queue = queue
        self._metrics = metrics
        self._deadline_s = deadline_s
        self._threads = anyio.CapacityLimiter(threads)
        self._places = anyio.Semaphore(threads)
        self._log = structlog.get_logger()
        self._retrying = AsyncRetrying(
            sleep=anyio.sleep,
            retry=retry_if_exception(lambda e: isinstance(e, QueueError) and e.is_transient),
            stop=stop_after_attempt(attempts_max) | stop_before_delay(deadline_s),
            wait=wait_random_exponential(multiplier=_BACKOFF_FIRST_S, max=_BACKOFF_MAX_S),
            reraise=True,
        )

    async def send(self, *, body: str, group: str, email_id: str) -> None:
        """Return once SQS has confirmed the message. Raises SendFailedError."""
        uncertain = False
        call = partial(self._queue.send, body=body, group=group, dedup_id=email_id)
        try:
            async for attempt in self._retrying.copy():
                with attempt:
                    try:
                        await self._in_thread(call)
                    except QueueError as error:
                        uncertain = uncertain or not error.is_definite
                        self._note(error, email_id, attempt.retry_state.attempt_number)
                        raise
        except QueueError as error:
            raise SendFailedError(error.code, is_definite=not uncertain) from None
        self._metrics.send_attempt("ok")

    async def _in_thread(self, call: "partial[str]") -> None:
        with anyio.move_on_after(self._deadline_s) as waiting:
            await self._places.acquire()
        if waiting.cancelled_caught:
            raise QueueError("NoFreeThread", is_definite=True, is_transient=False)
        try:
            await anyio.to_thread.run_sync(call, limiter=self._threads)
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
