"""The API in the simulation: `reference.api.intake` and what is beneath it, without HTTP."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.datastructures import Headers

from loadtests.sim.loop import ProcessLoop
from loadtests.sim.network import Exchange
from loadtests.sim.scheduler import Process
from loadtests.sim.threads import SimThreads
from reference.api.auth import ApiKeys
from reference.api.intake import Intake
from reference.api.limits import Limits
from reference.api.metrics import Metrics
from reference.api.problems import Problem
from reference.api.routing import OneQueue
from reference.api.sending import QueueSender
from reference.clock import Clock
from reference.sqs_client import QueueWriter

TENANT, API_KEY = "queueproof", "simulated-key"
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 1.0, 2.0
STOP_S_MAX = 15.0  # after SIGTERM, for the requests in hand


class Post(NamedTuple):
    """POST /v1/emails."""

    headers: Headers
    body: bytes


class Answer(NamedTuple):
    """An HTTP answer, as far as a sender looks at it."""

    status_code: int
    headers: dict[str, str]
    email_id: str | None = None


# Builds the part of the API that decides; a planted twin's is another.
MakeIntake = Callable[[QueueWriter, Clock, Limits, Callable[..., Awaitable[Any]]], Intake]


def reference_intake(
    queue: QueueWriter, clock: Clock, limits: Limits, run_blocking: Callable[..., Awaitable[Any]]
) -> Intake:
    """As `reference.api.app.create_app` puts it together."""
    sender = QueueSender(
        OneQueue(queue),
        Metrics(),
        clock,
        threads=limits.send_threads,
        line_max=limits.send_line_max,
        attempts_max=limits.send_attempts_max,
        deadline_s=limits.send_deadline_s,
        batch_max=limits.send_batch_max,
        linger_s=limits.send_linger_s,
        run_blocking=run_blocking,
    )
    return Intake(
        sender,
        ApiKeys({TENANT: API_KEY}),
        clock,
        message_bytes_max=limits.message_bytes_max,
        retry_after_s=limits.retry_after_s,
        busy_retry_after_s=limits.busy_retry_after_s,
    )


class ApiLife:
    """One life of the API's process; see `components.Life`."""

    def __init__(
        self,
        process: Process,
        clock: Clock,
        threads: SimThreads,
        queue: QueueWriter,
        *,
        limits: Limits,
        make: MakeIntake,
    ) -> None:
        self._loop = ProcessLoop(process)
        self._threads = threads
        self._intake = make(queue, clock, limits, self._run_blocking)
        self._in_hand = 0
        self._ended: Callable[[], None] | None = None

    def handle(self, exchange: Exchange) -> None:
        self._in_hand += 1
        self._loop.run(self._serve(exchange), self._done)

    def stop(self, ended: Callable[[], None]) -> None:
        """The requests in hand are answered first, if that does not take too long."""
        self._ended = ended
        if self._in_hand:
            self._loop.call_later(STOP_S_MAX, ended)
        else:
            ended()

    def bury(self) -> None:
        """End what will never go on; the process must be dead."""
        self._loop.bury()

    def _done(self) -> None:
        self._in_hand -= 1
        if self._ended is not None and not self._in_hand:
            self._ended()

    async def _serve(self, exchange: Exchange) -> None:
        post: Post = exchange.request
        try:
            caller = self._intake.identify(post.headers)
            await self._intake.accept(caller, post.headers, post.body)
        except Problem as problem:
            exchange.answer(Answer(int(problem.status), problem.headers))
        else:
            exchange.answer(Answer(int(HTTPStatus.ACCEPTED), {}, caller.email_id))

    async def _run_blocking(self, call: Callable[[], Any], *, limiter: object) -> Any:
        """In a thread of this process. The sender holds a place for it, which is limit enough."""
        del limiter
        done = self._loop.create_future()

        def work() -> None:
            try:
                result = call()
            except Exception as error:  # noqa: BLE001 - handed on to whoever awaits it
                done.set_exception(error)
            else:
                done.set_result(result)

        self._threads.spawn(work)
        return await done
