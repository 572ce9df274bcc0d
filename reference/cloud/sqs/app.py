"""The ASGI application: HTTP in, HTTP out, and the parts put together.

request -> protocol.parse -> breaker -> backend -> protocol.answer
                             (faults)   (quotas, operations, long polls)
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Literal

from reference.clock import Clock, MonotonicClock
from reference.cloud.connection import Connection, connection_of
from reference.cloud.sqs import wire
from reference.cloud.sqs.admin import PREFIX as ADMIN_PREFIX
from reference.cloud.sqs.admin import Admin
from reference.cloud.sqs.breaker import Breaker, Cut
from reference.cloud.sqs.contents import Recovered
from reference.cloud.sqs.datalog import DataLog
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import InternalFailure, RequestTooLarge, SqsError
from reference.cloud.sqs.faults import THROTTLE_ERRORS, FaultInjector
from reference.cloud.sqs.gateway import Gateway
from reference.cloud.sqs.ids import unique_ids
from reference.cloud.sqs.json_protocol import JsonProtocol
from reference.cloud.sqs.ledger import QueueLedger
from reference.cloud.sqs.limits import OFF, REQUEST_BYTES_MAX, STRICT
from reference.cloud.sqs.polling import LongPolls
from reference.cloud.sqs.query_protocol import FORM, QueryProtocol
from reference.cloud.sqs.quotas import BURST_CALLS_DEFAULT, Quotas
from reference.cloud.sqs.service import Backend, LocalSqs
from reference.cloud.sqs.shapes import load_model
from reference.cloud.sqs.witness import Witness, Witnesses
from reference.journal import Journal, NullJournal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]

ThrottleError = Literal["RequestThrottled", "ThrottlingException"]

_log = logging.getLogger(__name__)

_HOUSEKEEPING_S = 0.25
_SLOW_PIECES = 20  # a slow body arrives in so many pieces


class SqsApp:
    """Serves one backend. Belongs to one event loop."""

    def __init__(
        self,
        *,
        backend: Backend,
        faults: FaultInjector,
        admin: Admin,
        throttle_error: type[SqsError],
        found: Recovered | None = None,
    ) -> None:
        self.found = found
        self._backend = backend
        self._faults = faults
        self._breaker = Breaker(backend, faults, throttle_error)
        self._admin = admin
        model = load_model()
        self._json, self._query = JsonProtocol(model), QueryProtocol(model)
        self._new_request_id = unique_ids()
        self._is_stopping = False
        self._silent: set[Connection] = set()  # whose answers were lost

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            if scope["path"].startswith(ADMIN_PREFIX):
                await _send_reply(send, await self._reply_to_admin(scope, receive))
            else:
                await self._serve(scope, receive, send)
        except Cut as cut:
            await self._cut(cut, scope, receive)

    async def housekeep(self) -> None:
        """Expire messages and open and close fault windows while no call does it."""
        while True:
            self._backend.settle()
            self._faults.settle()
            await asyncio.sleep(_HOUSEKEEPING_S)

    def stop(self) -> None:
        """Answer every waiting receive and cut off whom a fault keeps waiting."""
        self._is_stopping = True
        self._backend.stop()
        self._breaker.stop()
        for connection in self._silent:
            connection.abort()

    def close(self) -> None:
        """Every call was answered: write what is left to write."""
        self._backend.close()

    async def _reply_to_admin(self, scope: Scope, receive: Receive) -> wire.Reply:
        try:
            body = await _read_body(receive)
        except RequestTooLarge as error:
            return self._json.refusal(error, "")
        return self._admin.handle(scope["method"], scope["path"], body)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Cut when the caller shall get no answer."""
        request_id = self._new_request_id()
        headers = dict(scope["headers"])
        protocol = self._protocol(scope["method"], headers)
        body_s = 0.0
        try:
            request = wire.Request(scope, headers, await _read_body(receive))
            call = protocol.parse(request)
            result, body_s = await self._breaker.run(call, request)
            reply = protocol.answer(call, result, request_id)
        except SqsError as error:
            reply = protocol.refusal(error, request_id)
        except OSError as error:
            # A journal or the log could not be written; what was asked may be done or not.
            failure = InternalFailure(f"This server cannot write: {error.strerror}.")
            reply = protocol.refusal(failure, request_id)
        except Cut:
            raise
        except Exception as error:  # noqa: BLE001 - our mistake must not reach a caller's SDK raw
            # Type and place alone: the text of an error may quote a message.
            _log.error("%s at %s", type(error).__name__, _place_of(error))
            failure = InternalFailure("This server made a mistake; its log names the place.")
            reply = protocol.refusal(failure, request_id)
        await _send_reply(send, reply, body_s)

    def _protocol(self, method: str, headers: Mapping[bytes, bytes]) -> wire.WireProtocol:
        if b"x-amz-target" in headers:
            return self._json
        is_form = headers.get(b"content-type", b"").startswith(FORM)
        return self._query if is_form or method == "GET" else self._json

    async def _cut(self, cut: Cut, scope: Scope, receive: Receive) -> None:
        """End a call without an answer; returns once the connection is gone."""
        connection = connection_of(scope)
        if cut.is_silent and not self._is_stopping:
            self._silent.add(connection)
        else:
            connection.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
        self._silent.discard(connection)


def _place_of(error: BaseException) -> str:
    """File and line that raised it."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}" if step else "an unknown place"


async def _read_body(receive: Receive) -> bytes:
    """Raises RequestTooLarge, and Cut when the client left before its request was complete."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Cut
        body += event.get("body", b"")
        if len(body) > REQUEST_BYTES_MAX:
            raise RequestTooLarge(
                f"The request has more than {REQUEST_BYTES_MAX} bytes; no valid one has."
            )
        if not event.get("more_body"):
            return bytes(body)


async def _send_reply(send: Send, reply: wire.Reply, body_s: float = 0.0) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    body = reply.body
    if body_s:
        size = max(1, len(body) // _SLOW_PIECES)
        while len(body) > size:
            await send({"type": "http.response.body", "body": body[:size], "more_body": True})
            await asyncio.sleep(body_s / _SLOW_PIECES)
            body = body[size:]
    await send({"type": "http.response.body", "body": body})


def create_app(
    *,
    clock: Clock | None = None,
    quotas: Literal["strict", "off"] = "strict",
    burst_calls: float = BURST_CALLS_DEFAULT,
    throttle_error: ThrottleError = "RequestThrottled",
    region: str = "us-east-1",
    journal: Journal | None = None,
    fault_journal: Journal | None = None,
    seed: int = 0,
    upstream: str | None = None,
    data: DataLog | None = None,
    witness: Witness | None = None,
) -> SqsApp:
    """An SQS to serve with `server.serve` or `background.running`.

    `seed` is for fault plans that bring none. With `upstream`, the URL of another SQS, quotas and
    faults work in front of that one. With `data`, queues begin as the log holds them; `app.found`
    says what that was. A `witness` is told what happens in the queues. Raises ValueError for
    settings that make no sense, DataError when the log cannot be written.
    """
    if upstream is not None and data is not None:
        raise ValueError("--data keeps queues of this server; with --upstream it has none")
    clock = clock or MonotonicClock()
    limits = STRICT if quotas == "strict" else OFF
    polls = LongPolls(clock)
    engine = Engine(
        clock,
        limits=limits,
        witness=Witnesses(
            [
                *([data] if data else []),
                *([QueueLedger(clock, journal)] if journal else []),
                *([witness] if witness else []),
            ]
        ),
        region=region,
        receipt_key=data.receipt_key if data else None,
        on_available=polls.wake,
    )
    found = data.restore(engine) if data else None
    rates = Quotas(clock, limits, region=region, burst_calls=burst_calls)
    faults = FaultInjector(clock, fault_journal or NullJournal(), seed=seed)
    error = THROTTLE_ERRORS[throttle_error]
    backend: Backend
    if upstream is None:
        backend = LocalSqs(clock, engine, rates, polls, throttle_error=error, data=data)
    else:
        backend = Gateway(upstream, rates, error, region=region)
    return SqsApp(
        backend=backend,
        faults=faults,
        admin=Admin(clock, engine, rates, faults),
        throttle_error=error,
        found=found,
    )
