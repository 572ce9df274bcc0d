"""A small HTTP client to stand before another server: one connection a call, cut off at will.

One connection a call, because a pooled one that the other side closed leaves open whether the
call was done; a gateway must not add doubts of its own.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools

# Longer than the longest long poll.
_ANSWER_S_MAX = 30.0


class UpstreamLostError(Exception):
    """No answer: nobody listens, the connection broke, or it took too long."""


class UpstreamTimeoutError(UpstreamLostError):
    """It took too long."""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class _Reading:
    """What httptools calls while it parses an answer."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_complete = False
        self._ends_with_connection = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        has_length = {"content-length", "transfer-encoding"} & self.headers.keys()
        self._ends_with_connection = not has_length

    def on_end(self) -> None:
        """The connection ended: as HTTP/1.0 marks the end of an answer of unnamed length.

        Raises ConnectionResetError when this one should have gone on.
        """
        if not self._ends_with_connection:
            raise ConnectionResetError("the answer is not complete")
        self.is_complete = True

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_complete = True


class UpstreamClient:
    """Posts to one server."""

    def __init__(self, url: str, *, answer_s_max: float = _ANSWER_S_MAX) -> None:
        """Raises ValueError when `url` is no http or https URL."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url}: an http:// or https:// URL is wanted")
        self._answer_s_max = answer_s_max
        self.url = url.rstrip("/")
        self.host = parts.hostname
        self._ssl = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._ssl else 80)
        self._path = parts.path or "/"
        self._netloc = parts.netloc
        self._writers: set[asyncio.StreamWriter] = set()

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Raises UpstreamLostError."""
        try:
            async with asyncio.timeout(self._answer_s_max):
                return await self._post(headers, body)
        except TimeoutError as error:
            raise UpstreamTimeoutError(type(error).__name__) from error
        except (OSError, httptools.HttpParserError) as error:
            raise UpstreamLostError(type(error).__name__) from error

    async def _post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        reader, writer = await asyncio.open_connection(self.host, self._port, ssl=self._ssl)
        self._writers.add(writer)
        try:
            every = {
                "Host": self._netloc,
                **headers,
                "Connection": "close",
                "Content-Length": str(len(body)),
            }
            head = "".join(f"{name}: {value}\r\n" for name, value in every.items())
            writer.write(f"POST {self._path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
            reading = _Reading()
            parser = httptools.HttpResponseParser(reading)
            while not reading.is_complete:
                data = await reader.read(65_536)
                if data:
                    parser.feed_data(data)
                else:
                    reading.on_end()
            return Answer(parser.get_status_code(), reading.headers, reading.body)
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            self._writers.discard(writer)
            writer.close()

    def abort_all(self) -> None:
        """Break off every call under way."""
        for writer in self._writers:
            writer.transport.abort()
