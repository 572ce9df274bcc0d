"""What passes between an HTTP connection and whoever answers its requests.

Requests and replies are values that nobody changes. They are not frozen, and no named tuples, as
both cost several times as much to make and to read, and every call makes one of each.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote


class Connection(Protocol):
    """What a handler may do with the connection of a request, until it has answered."""

    is_lost: bool  # the client left; or it will send no more, which looks the same

    @property
    def local_address(self) -> str:
        """host:port, for clients that do not say which host they asked."""
        ...

    def abort(self) -> None:
        """Close at once; the client sees a reset or an unexpected end."""

    def when_lost(self, run: Callable[[], None] | None) -> None:
        """Run that once when the client leaves, or now when it has; None takes it back."""

    def trickle(self, seconds: float) -> None:
        """Spread the bytes of this request's answer over so many seconds."""


@dataclass(slots=True)
class Request:
    """An HTTP request, read to its end."""

    method: bytes
    target: bytes  # path and query as they came
    headers: Mapping[bytes, bytes]  # names in lower case; of repeated ones the last
    body: bytes
    connection: Connection
    is_last: bool = False  # the connection ends with its answer
    is_whole: bool = True  # False: the body is larger than the handler takes, and left out

    @property
    def path(self) -> str:
        return unquote(self._path_and_query()[0].decode("latin-1"))

    @property
    def query(self) -> bytes:
        return self._path_and_query()[1]

    def _path_and_query(self) -> tuple[bytes, bytes]:
        target = self.target
        if not target.startswith(b"/"):  # as sent to a proxy: http://host/path
            target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
        path, _, query = target.partition(b"?")
        return path, query

    @property
    def base_url(self) -> str:
        """How the client reached us; queue URLs start with it."""
        host = self.headers.get(b"host")
        return f"http://{host.decode('latin-1') if host else self.connection.local_address}"


@dataclass(slots=True)
class Reply:
    """An answer. The connection adds the status line and what tells its length and end."""

    status: int
    head: bytes  # header lines, each with its line end
    body: bytes


class Cut(Exception):  # noqa: N818 - no error: a decision
    """The client gets no answer: the connection ends now, or is silent until the client leaves."""

    def __init__(self, *, is_silent: bool = False) -> None:
        super().__init__()
        self.is_silent = is_silent


class Handler(Protocol):
    """Answers the requests of all connections."""

    @property
    def body_bytes_max(self) -> int:
        """Larger bodies are not read to their end."""
        ...

    def respond(self, request: Request) -> Reply | Awaitable[Reply]:
        """The reply, or an awaitable of it when it takes a while. Either may raise Cut."""
        ...
