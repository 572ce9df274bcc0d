"""The sink's HTTP side: three providers' APIs and an administration, as one ASGI application.

PUT    /_admin/faults    {"seed": 7, "faults": [{"kind": "throttle", "label": ...}, ...]}
GET    /_admin/faults    the plan in force, and how often each fault fired
POST   /_admin/faults    {"faults": [...]}: these as well; those in force go on
DELETE /_admin/faults    all of them, or one: /_admin/faults/LABEL
GET    /_admin/healthz
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from reference.cloud.fault_plan import FaultPlanError, parse_plan
from reference.cloud.mail_sink.abortable import abort
from reference.cloud.mail_sink.faults import REFUSALS, Fault, FaultPlan, Slow
from reference.cloud.mail_sink.http_api import HttpApi, Refused, Reply, Request, json_reply
from reference.cloud.mail_sink.mailgun import MailgunApi
from reference.cloud.mail_sink.sendgrid import SendGridApi
from reference.cloud.mail_sink.ses import SesApi
from reference.cloud.mail_sink.sink import Sink

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]

ADMIN_PREFIX = "/_admin/"
BODY_BYTES_MAX = 56 * 1024 * 1024  # 40 MB, as SES takes them, in base64


class _CutError(Exception):
    """The caller gets no answer."""


class SinkApp:
    """Serves one sink over HTTP."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._apis: list[HttpApi] = [SesApi(), SendGridApi(), MailgunApi()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            reply = await self._reply(scope, receive)
        except _CutError:
            abort(scope)
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        headers = [
            (name.encode(), value.encode())
            for name, value in {
                **reply.headers,
                "content-length": str(len(reply.body)),
            }.items()
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        body = await _read_body(receive)
        if body is None:
            return json_reply(413, {"message": f"more than {BODY_BYTES_MAX} bytes"})
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        request = Request(scope["method"], scope["path"], headers, body)
        if request.path.startswith(ADMIN_PREFIX):
            return self._administer(request)
        api = next((each for each in self._apis if each.serves(request.path)), None)
        if api is None or request.method != "POST":
            return json_reply(404, {"message": "POST to an API of SES v2, SendGrid or Mailgun"})
        return await self._answer(api, request)

    async def _answer(self, api: HttpApi, request: Request) -> Reply:
        try:
            return await self._deliver(api, request)
        except Refused as refused:
            return refused.reply
        except OSError:
            # Half a row may be on the disk, but no sender was told that this email arrived.
            return api.refusal("unavailable")

    async def _deliver(self, api: HttpApi, request: Request) -> Reply:
        mails = api.parse(request, self._sink.key_header)
        fault = self._sink.faults.decide(api.name)
        is_accepted = fault is None or fault.kind in {"slow", "lose-answer"}
        if is_accepted:
            refused = self._sink.refused_among([each for mail in mails for each in mail.recipients])
            if refused is not None:
                return api.refused_recipient(refused)
            self._sink.accept(api.name, mails)
        if fault is None:
            return api.accepted()
        self._sink.fired(fault, api.name, mails, stored=is_accepted)
        if fault.kind in REFUSALS:
            return api.refusal(fault.kind)
        if not isinstance(fault, Slow):
            raise _CutError
        await asyncio.sleep(fault.delay_s)
        return api.accepted()

    def _administer(self, request: Request) -> Reply:
        faults = self._sink.faults
        try:
            match request.method, request.path.removeprefix(ADMIN_PREFIX).split("/", 1):
                case "GET", ["healthz"]:
                    return json_reply(200, {"status": "ok"})
                case "PUT", ["faults"]:
                    faults.set_plan(parse_plan(request.body, FaultPlan))
                case "POST", ["faults"]:
                    faults.add(_without_seed(parse_plan(request.body, FaultPlan)))
                case "DELETE", ["faults"]:
                    faults.set_plan(FaultPlan())
                case "DELETE", ["faults", label]:
                    if not faults.end(label):
                        return json_reply(404, {"error": f"no fault is labelled {label[:80]!r}"})
                case "GET", ["faults"]:
                    pass
                case _:
                    message = f"{ADMIN_PREFIX} has GET healthz, and GET, PUT, POST, DELETE faults"
                    return json_reply(404, {"error": message})
        except FaultPlanError as error:
            return json_reply(400, {"error": str(error)})
        return json_reply(200, faults.shown())


def _without_seed(plan: FaultPlan) -> tuple[Fault, ...]:
    """Raises FaultPlanError when a plan that joins another brings a seed."""
    if plan.seed is not None:
        raise FaultPlanError("seed: the plan in force keeps its own; PUT sets one")
    return plan.faults


async def _read_body(receive: Receive) -> bytes | None:
    """None when there is too much of it. Raises _CutError when the client left meanwhile."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _CutError
        if len(body) <= BODY_BYTES_MAX:
            body += event.get("body", b"")
        if not event.get("more_body"):
            return bytes(body) if len(body) <= BODY_BYTES_MAX else None
