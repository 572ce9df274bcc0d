"""The ASGI application: one SQS with its quotas, faults, journals and admin API.

    request -> wire.parse -> faults -> quotas -> operations or long poll -> wire.answer
                               |          |
                     refuse, lose, cut   throttle: nothing changed

Everything but the waiting is synchronous, so a call is atomic and needs no locks.
"""

import asyncio
import itertools
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Literal

from reference.clock import Clock, MonotonicClock
from reference.cloud.sqs import sends, wire
from reference.cloud.sqs.admin import PREFIX as ADMIN_PREFIX
from reference.cloud.sqs.admin import Admin
from reference.cloud.sqs.connection import AbortableProtocol, connection_of
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import RequestTooLarge, SqsError
from reference.cloud.sqs.faults import (
    THROTTLE_ERRORS,
    Delay,
    Fault,
    FaultInjector,
    LoseAnswer,
    Outage,
    Refuse,
    error_of,
)
from reference.cloud.sqs.json_protocol import JsonProtocol
from reference.cloud.sqs.ledger import QueueLedger
from reference.cloud.sqs.limits import OFF, REQUEST_BYTES_MAX, STRICT
from reference.cloud.sqs.moves import MoveTasks
from reference.cloud.sqs.operations import Operations
from reference.cloud.sqs.polling import LongPolls
from reference.cloud.sqs.query_protocol import FORM, QueryProtocol
from reference.cloud.sqs.quotas import BURST_CALLS_DEFAULT, Quotas
from reference.cloud.sqs.receives import receive_call
from reference.cloud.sqs.shapes import load_model
from reference.journal import Journal, NullJournal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]

ThrottleError = Literal["RequestThrottled", "ThrottlingException"]

_HOUSEKEEPING_S = 0.25
_SENDS = {"SendMessage", "SendMessageBatch"}


class SqsApp:
    """Serves one engine. Belongs to one event loop."""

    def __init__(
        self,
        *,
        clock: Clock,
        quotas: Literal["strict", "off"],
        burst_calls: float,
        throttle_error: ThrottleError,
        region: str,
        journal: Journal | None,
        fault_journal: Journal,
        seed: int,
    ) -> None:
        self._clock = clock
        self._polls = LongPolls(clock)
        limits = STRICT if quotas == "strict" else OFF
        self.engine = Engine(
            clock,
            limits=limits,
            ledger=QueueLedger(clock, journal),
            region=region,
            on_available=self._polls.wake,
        )
        self._quotas = Quotas(clock, limits, region=region, burst_calls=burst_calls)
        self._throttle_error = THROTTLE_ERRORS[throttle_error]
        self._faults = FaultInjector(clock, fault_journal, seed=seed)
        self._admin = Admin(clock, self.engine, self._quotas, self._faults)
        self._moves = MoveTasks(clock, self.engine)
        self._operations = Operations(self.engine, self._moves)
        model = load_model()
        self._json, self._query = JsonProtocol(model), QueryProtocol(model)
        # Request ids are unique and cheap: a random half, and a count.
        self._request_prefix = str(uuid.uuid4())[:24]
        self._request_count = itertools.count()
        self._stopping = asyncio.Event()
        self._silent: set[AbortableProtocol] = set()  # whose answers were lost

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith(ADMIN_PREFIX):
            await _send_reply(send, await self._reply_to_admin(scope, receive))
            return
        reply = await self._reply_to(scope, receive)
        if reply is not None:
            await _send_reply(send, reply)

    async def _reply_to_admin(self, scope: Scope, receive: Receive) -> wire.Reply:
        try:
            body = await _read_body(receive)
        except RequestTooLarge as error:
            return self._json.refusal(error, "")
        return self._admin.handle(scope["method"], scope["path"], body)

    async def housekeep(self) -> None:
        """Expire messages and open and close fault windows while no call does it."""
        while True:
            for queue in self.engine:
                queue.settle()
            self._moves.settle()
            self._faults.settle()
            await asyncio.sleep(_HOUSEKEEPING_S)

    def stop(self) -> None:
        """Answer every waiting receive and cut off whom a fault keeps waiting."""
        self._stopping.set()
        self._polls.end_all()
        for connection in self._silent:
            connection.abort()

    async def _reply_to(self, scope: Scope, receive: Receive) -> wire.Reply | None:
        """None when the caller shall get no answer; the connection is closed then."""
        request_id = f"{self._request_prefix}{next(self._request_count):012x}"
        headers = dict(scope["headers"])
        protocol = self._protocol(scope["method"], headers)
        try:
            request = wire.Request(
                scope["method"],
                scope["path"],
                scope["query_string"],
                headers,
                await _read_body(receive),
                _base_url(scope, headers),
            )
            call = protocol.parse(request)
            fault = self._faults.decide(call.action, call.queue_name)
            if fault is None:
                result = await self._run(call, request, scope)
            else:
                result = await self._run_with(fault, call, request, scope)
        except SqsError as error:
            return protocol.refusal(error, request_id)
        except _Cut as cut:
            await self._cut(cut.fault, scope, receive)
            return None
        return protocol.answer(call, result, request_id)

    def _protocol(self, method: str, headers: Mapping[bytes, bytes]) -> wire.WireProtocol:
        if b"x-amz-target" in headers:
            return self._json
        is_form = headers.get(b"content-type", b"").startswith(FORM)
        return self._query if is_form or method == "GET" else self._json

    async def _run(self, call: wire.Call, request: wire.Request, scope: Scope) -> wire.Params:
        queue = self._operations.queue_of(call.params)
        if queue is not None and not self._quotas.admit(queue, call.action, call.params):
            raise self._throttle_error("Request is throttled.")
        if call.action != "ReceiveMessage":
            result = self._operations.run(call.action, queue, call.params, request.base_url)
            if call.action == "DeleteQueue":
                self._quotas.forget(call.queue_name or "")
            return result
        assert queue is not None
        receive = receive_call(queue, call.params)
        if (received := receive.try_receive()) is not None:
            return received
        if receive.wait_s == 0 or self._stopping.is_set():
            queue.counters.empty_receives += 1
            return {}
        wait = self._polls.wait(receive)
        connection = connection_of(scope)
        connection.when_lost(wait.leave)
        try:
            return await wait.future
        finally:
            connection.when_lost(None)

    async def _run_with(
        self, fault: Fault, call: wire.Call, request: wire.Request, scope: Scope
    ) -> wire.Params:
        if isinstance(fault, Outage | Refuse):
            self._journal_fault(fault, call, answer={})
            if isinstance(fault, Outage):
                raise _Cut(fault)
            raise error_of(fault, self._throttle_error)
        if isinstance(fault, Delay):
            await self._pause(fault)
        answer: dict[str, Any] = {}
        try:
            answer = await self._run(call, request, scope)
        except SqsError:
            if not isinstance(fault, LoseAnswer):
                raise
        finally:
            self._journal_fault(fault, call, answer)
        if isinstance(fault, LoseAnswer):
            raise _Cut(fault)
        return answer

    async def _pause(self, fault: Delay) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), fault.delay_s)
        except TimeoutError:
            return
        raise _Cut(fault)

    def _journal_fault(self, fault: Fault, call: wire.Call, answer: dict[str, Any]) -> None:
        """One row; two when a part of a batch was stored."""
        action, queue_name = call.action, call.queue_name
        if action not in _SENDS:
            self._faults.fired(fault, action, queue_name)
            return
        queue = self.engine.find(queue_name or "")
        ids = sends.dedup_ids(queue, action, call.params) if queue is not None else {}
        # A single send has no entry id: its answer stands for the entry "".
        done = {each["Id"] for each in answer.get("Successful", ())}
        if "MessageId" in answer:
            done.add("")
        for stored in (True, False):
            dedup_ids = [each for entry, each in ids.items() if (entry in done) is stored]
            if dedup_ids or (not ids and bool(done) is stored):
                self._faults.fired(fault, action, queue_name, stored=stored, dedup_ids=dedup_ids)

    async def _cut(self, fault: Fault, scope: Scope, receive: Receive) -> None:
        """End a call without an answer; returns once the connection is gone."""
        connection = connection_of(scope)
        if isinstance(fault, LoseAnswer) and fault.how == "timeout" and not self._stopping.is_set():
            self._silent.add(connection)
        else:
            connection.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
        self._silent.discard(connection)


class _Cut(Exception):  # noqa: N818 - no error: a decision
    """The caller gets no answer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.label)
        self.fault = fault


def _base_url(scope: Scope, headers: Mapping[bytes, bytes]) -> str:
    host = headers.get(b"host")
    if host is None:
        return "{}://{}:{}".format(scope["scheme"], *scope["server"])
    return f"{scope['scheme']}://{host.decode('latin-1')}"


async def _read_body(receive: Receive) -> bytes:
    """Raises RequestTooLarge."""
    event = await receive()
    body: bytes = event.get("body", b"")
    if not event.get("more_body"):
        return body
    chunks, size_bytes = [body], len(body)
    while event.get("more_body"):
        event = await receive()
        chunk = event.get("body", b"")
        size_bytes += len(chunk)
        if size_bytes > REQUEST_BYTES_MAX:
            raise RequestTooLarge(
                f"The request has more than {REQUEST_BYTES_MAX} bytes; no valid one has."
            )
        chunks.append(chunk)
    return b"".join(chunks)


async def _send_reply(send: Send, reply: wire.Reply) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": reply.body})


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
) -> SqsApp:
    """An SQS to serve with `server.serve` or `background.running`.

    `seed` is for fault plans that bring none.
    """
    return SqsApp(
        clock=clock or MonotonicClock(),
        quotas=quotas,
        burst_calls=burst_calls,
        throttle_error=throttle_error,
        region=region,
        journal=journal,
        fault_journal=fault_journal or NullJournal(),
        seed=seed,
    )
