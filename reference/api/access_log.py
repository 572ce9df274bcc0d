"""One log line and one observation for every request, as plain ASGI around the application.

The line has the route's template, never the path or the query as sent, and the email's id when
the request got that far.
"""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference.api.metrics import Metrics
from reference.clock import Clock

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class AccessLog:
    """Wraps an application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock
        self._log = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = self._clock.now_s()
        status = 500  # if the application fails before it answers

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._record(scope, status, self._clock.now_s() - began_s)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.request(method=method, route=route, status=status, seconds=seconds)
        email_id = scope.get("state", {}).get("email_id")
        self._log.info(
            "request",
            method=method,
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 2),
            **({"email_id": email_id} if email_id else {}),
        )
