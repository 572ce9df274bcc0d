"""The application: requests of senders in, calls of SQS out, and the answers back."""

import uuid
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import structlog

from reference.api.auth import ApiKeys
from reference.clock import Clock
from reference.cloud.api_gateway.definition import Api, Method
from reference.cloud.api_gateway.gateway_responses import GatewayResponse, Refused, json_reply
from reference.cloud.api_gateway.templates import Input, TemplateError, Util
from reference.cloud.sqs.exchange import Reply, Request
from reference.cloud.sqs.quotas import TokenBucket
from reference.cloud.sqs.upstream import (
    Answer,
    UpstreamClient,
    UpstreamLostError,
    UpstreamTimeoutError,
)
from reference.journal import Journal

PAYLOAD_BYTES_MAX = 10 * 1024 * 1024
RATE_PER_S, BURST = 10_000.0, 5_000.0
_JSON = "application/json"
_UTIL = Util()


@dataclass(slots=True)
class _Exchange:
    """One request on its way, and what its templates are told of it."""

    request_id: str
    began_s: float
    method: Method | None = None
    context: dict[str, Any] = field(default_factory=dict)
    integration_status: int | None = None


class RestApi:
    """Serves one API in front of one queue: the Handler of its connections."""

    body_bytes_max = PAYLOAD_BYTES_MAX

    def __init__(
        self,
        api: Api,
        *,
        endpoint_url: str,
        queue_url: str,
        keys: Mapping[str, str],
        clock: Clock,
        journal: Journal,
        rate_per_s: float = RATE_PER_S,
        burst: float = BURST,
    ) -> None:
        """`keys` maps each id to its API key; without any, no method asks for one.

        Raises ValueError for a URL that is none, or a queue URL that names no queue.
        """
        queue_path = urlsplit(queue_url).path
        if queue_path.count("/") < 2 or queue_path.endswith("/"):
            raise ValueError(f"{queue_url}: a queue URL ends with an account and a queue")
        queue = endpoint_url.rstrip("/") + queue_path
        self._methods = {
            place: (method, UpstreamClient(queue, answer_s_max=method.timeout_s))
            for place, method in api.methods.items()
        }
        self._stage_variables = {"fifo": str(queue_path.endswith(".fifo")).lower()}
        self._keys = ApiKeys(keys) if keys else None
        self._bucket = TokenBucket(clock, rate_per_s, burst)
        self._clock = clock
        self._journal = journal
        self._log = structlog.get_logger()

    def respond(self, request: Request) -> Reply | Awaitable[Reply]:
        """What API Gateway refuses by itself is answered at once; see `exchange.Handler`."""
        exchange = _Exchange(str(uuid.uuid4()), self._clock.now_s())
        try:
            method, client, form = self._prepared(exchange, request)
        except Refused as refused:
            return self._ended(exchange, refused)
        return self._integrated(exchange, method, client, form)

    async def housekeep(self) -> None:
        """Nothing is due by itself."""

    def stop(self) -> None:
        """Break off every call under way: its sender is told that nobody answered."""
        for _, client in self._methods.values():
            client.abort_all()

    def close(self) -> None:
        pass

    def _prepared(
        self, exchange: _Exchange, request: Request
    ) -> tuple[Method, UpstreamClient, bytes]:
        """Whom to call with which form. Raises Refused."""
        if not self._bucket.take():
            raise Refused(GatewayResponse.THROTTLED)
        verb, path = request.method.decode("latin-1"), request.path
        if (verb, path) not in self._methods:
            raise Refused(GatewayResponse.MISSING_AUTHENTICATION_TOKEN)
        method, client = self._methods[verb, path]
        exchange.method = method
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in request.headers.items()
        }
        key_id = self._key_id(method, headers)
        if not request.is_whole:
            raise Refused(GatewayResponse.REQUEST_TOO_LARGE)
        media_type = headers.get("content-type", _JSON).partition(";")[0].strip().lower()
        template = method.request_templates.get(media_type)
        if template is None:
            raise Refused(GatewayResponse.UNSUPPORTED_MEDIA_TYPE)
        query = dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
        payload = Input(request.body, {"path": {}, "querystring": query, "header": headers})
        if method.model is not None and not payload.is_valid(method.model):
            raise Refused(GatewayResponse.BAD_REQUEST_BODY)
        exchange.context = self._context(exchange, method, key_id, headers)
        try:
            form = template.render(self._variables(exchange, payload))
        except TemplateError as error:
            self._log.error("the request template failed", reason=str(error))
            raise Refused(GatewayResponse.API_CONFIGURATION_ERROR) from error
        return method, client, form.encode(errors="replace")

    def _key_id(self, method: Method, headers: Mapping[str, str]) -> str | None:
        """Of the caller's API key, where one is asked for. Raises Refused."""
        if self._keys is None or not method.needs_key:
            return None
        key_id = self._keys.tenant_of_key(headers.get("x-api-key", ""))
        if key_id is None:
            raise Refused(GatewayResponse.INVALID_API_KEY)
        return key_id

    def _context(
        self, exchange: _Exchange, method: Method, key_id: str | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        return {
            "apiId": "local",
            "stage": "local",
            "requestId": exchange.request_id,
            "requestTimeEpoch": int(self._clock.wall_s() * 1000),
            "httpMethod": method.http_method,
            "resourcePath": method.path,
            "path": method.path,
            "protocol": "HTTP/1.1",
            "identity": {"apiKeyId": key_id, "userAgent": headers.get("user-agent")},
            "responseOverride": {"header": {}},
        }

    def _variables(self, exchange: _Exchange, payload: Input) -> dict[str, Any]:
        return {
            "input": payload,
            "util": _UTIL,
            "context": exchange.context,
            "stageVariables": self._stage_variables,
        }

    async def _integrated(
        self, exchange: _Exchange, method: Method, client: UpstreamClient, form: bytes
    ) -> Reply:
        try:
            answer = await client.post({"Accept": _JSON, **method.headers}, form)
            exchange.integration_status = answer.status
            return self._ended(exchange, self._mapped(exchange, method, answer))
        except UpstreamTimeoutError:
            return self._ended(exchange, Refused(GatewayResponse.INTEGRATION_TIMEOUT))
        except UpstreamLostError:
            return self._ended(exchange, Refused(GatewayResponse.INTEGRATION_FAILURE))
        except Refused as refused:
            return self._ended(exchange, refused)

    def _mapped(self, exchange: _Exchange, method: Method, answer: Answer) -> Reply:
        """SQS's answer as the mapping passes it on. Raises Refused."""
        response = method.response_to(answer.status)
        if response is None:
            self._log.error("no integration response", integration_status=answer.status)
            raise Refused(GatewayResponse.API_CONFIGURATION_ERROR)
        try:
            body = response.template.render(self._variables(exchange, Input(answer.body)))
            override = exchange.context["responseOverride"]
            status = int(override.get("status", response.status))
            if status not in method.statuses:
                raise ValueError(f"the method declares no response {status}")
            headers = {**response.headers, **override["header"]}
            return json_reply(status, body.encode(errors="replace"), exchange.request_id, headers)
        except (TemplateError, ValueError) as error:
            self._log.error("the response template failed", reason=str(error))
            raise Refused(GatewayResponse.API_CONFIGURATION_ERROR) from error

    def _ended(self, exchange: _Exchange, outcome: Reply | Refused) -> Reply:
        """The reply, once the access log and the journal have it."""
        reply = outcome
        by_itself = None
        if isinstance(outcome, Refused):
            reply, by_itself = outcome.response.reply(exchange.request_id), outcome.response.name
        assert isinstance(reply, Reply)
        method = exchange.method
        now_s = self._clock.now_s()
        row = {
            "request_id": exchange.request_id,
            "route": f"{method.http_method} {method.path}" if method else "unmatched",
            "status": reply.status,
            "integration_status": exchange.integration_status,
            "gateway_response": by_itself,
        }
        self._log.info("request", duration_ms=round((now_s - exchange.began_s) * 1000, 2), **row)
        try:
            self._journal.write(at_s=now_s, **row)
        except OSError as error:
            self._log.error("journal row lost", errno=error.errno, request_id=exchange.request_id)
        return reply
