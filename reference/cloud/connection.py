"""Connections that an application may cut off, whose end it learns of, and that cannot starve it.

ASGI has no way to abort a connection, and to lose an answer is what some faults are for. This
uvicorn protocol puts a handle on its connection into the scope's extensions. It also bounds what
uvicorn leaves open: how large the head of a request may be, and how long a request may take to
arrive.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Heads of AWS's clients have 1 to 2 KB; session tokens add a few more.
HEAD_BYTES_MAX = 65_536
# The largest request has 8 MiB, and a pipelined one may wait behind a long poll of 20 s.
REQUEST_S_MAX = 60.0
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class Connection(Protocol):
    """What an application may do with the connection of a request."""

    is_lost: bool

    def abort(self) -> None:
        """Close at once; the client sees a reset or an unexpected end."""

    def when_lost(self, run: Callable[[], None] | None) -> None:
        """Run that once when the connection ends, or now when it has; None takes it back."""


_EXTENSION = "reference.connection"


class _HeadTooLargeError(Exception):
    """Stops the parser."""


class AbortableProtocol(HttpToolsProtocol):
    """For uvicorn's `http=` option."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._extensions: dict[str, dict[object, object]] = {_EXTENSION: {"handle": self}}
        self._on_lost: Callable[[], None] | None = None
        self.is_lost = False
        self._heads_begun = 0
        self._is_in_head = False
        self._head_bytes = 0  # that came in pieces after the one in which the head began
        self._may_be_large = False
        self._overdue = self.loop.call_later(REQUEST_S_MAX, self.abort)

    def data_received(self, data: bytes) -> None:
        begun, was_in_head = self._heads_begun, self._is_in_head
        self._may_be_large = was_in_head or len(data) > HEAD_BYTES_MAX
        super().data_received(data)
        is_new = begun != self._heads_begun
        if was_in_head and self._is_in_head and not is_new:
            # The parser keeps what it has of a header to itself, so pieces are counted.
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse_head()
        self._watch_the_rest(is_new=is_new)

    def _watch_the_rest(self, *, is_new: bool) -> None:
        cycle = self.cycle
        is_whole = not self._is_in_head and (
            cycle is None or not cycle.more_body or cycle.response_complete
        )
        if is_whole or is_new:
            self._overdue.cancel()
        if is_new and not is_whole:
            self._overdue = self.loop.call_later(REQUEST_S_MAX, self.abort)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._heads_begun += 1
        self._is_in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        if self._may_be_large and self._size_of_head() > HEAD_BYTES_MAX:
            raise _HeadTooLargeError
        super().on_headers_complete()

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def send_400_response(self, msg: str) -> None:
        """What uvicorn does when the parser stops."""
        if self._heads_begun and self._size_of_head() > HEAD_BYTES_MAX:
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def _refuse_head(self) -> None:
        self.transport.write(_TOO_LARGE)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._overdue.cancel()
        self.is_lost = True
        if self._on_lost is not None:
            self._on_lost()
            self._on_lost = None

    def abort(self) -> None:
        self.transport.abort()

    def when_lost(self, run: Callable[[], None] | None) -> None:
        if run is not None and self.is_lost:
            run()
        else:
            self._on_lost = run


def connection_of(scope: Mapping[str, Any]) -> Connection:
    """The connection that a request came in on."""
    handle = scope["extensions"][_EXTENSION]["handle"]
    assert isinstance(handle, AbortableProtocol)
    return handle
