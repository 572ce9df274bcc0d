"""Connections that an application may cut off, and whose end it learns of.

ASGI has no way to abort a connection, and to lose an answer is what some faults are for. This
uvicorn protocol puts a handle on its connection into the scope's extensions.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Connection(Protocol):
    """What an application may do with the connection of a request."""

    def abort(self) -> None:
        """Close at once; the client sees a reset or an unexpected end."""

    def when_lost(self, run: Callable[[], None] | None) -> None:
        """Run that once when the connection ends; None takes it back."""


_EXTENSION = "reference.connection"


class AbortableProtocol(HttpToolsProtocol):
    """For uvicorn's `http=` option."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._extensions: dict[str, dict[object, object]] = {_EXTENSION: {"handle": self}}
        self._on_lost: Callable[[], None] | None = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._on_lost is not None:
            self._on_lost()
            self._on_lost = None

    def abort(self) -> None:
        self.transport.abort()

    def when_lost(self, run: Callable[[], None] | None) -> None:
        self._on_lost = run


def connection_of(scope: Mapping[str, Any]) -> Connection:
    """The connection that a request came in on."""
    handle = scope["extensions"][_EXTENSION]["handle"]
    assert isinstance(handle, AbortableProtocol)
    return handle
