"""HTTP/1.1 as it comes in: bytes to whole requests, however they are split, and never too much.

httptools (llhttp) parses, and refuses what smuggles requests: two lengths, a length beside
chunks, bare line feeds, folded headers. What looks like a client's requests before is read without
it (`familiar.py`). Bounded here are the head of a request and its body.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

import httptools

from reference.cloud.sqs.exchange import Connection, Request
from reference.cloud.sqs.familiar import Familiar

# Heads of AWS's clients have 1 to 2 KB; session tokens add a few more.
HEAD_BYTES_MAX = 65_536

_REFUSAL = b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
BAD_REQUEST = _REFUSAL % b"400 Bad Request"
HEAD_TOO_LARGE = _REFUSAL % b"431 Request Header Fields Too Large"


class RequestReader:
    """Reads one connection. Once `is_over`, what still comes counts for nothing."""

    def __init__(self, connection: Connection, body_bytes_max: int) -> None:
        self.whole: deque[Request] = deque()  # to be answered in this order
        self.refusal = b""  # the answer after those, when the client sent what is no request
        self.is_over = False
        self.begun = 0  # requests, the whole ones among them
        self.is_partial = False  # the last one has begun and is not whole
        self.expects_continue = False  # its client waits to be told before it sends the body
        self._connection = connection
        self._body_bytes_max = body_bytes_max
        self._parser = httptools.HttpRequestParser(self)
        self._familiar = Familiar(min(HEAD_BYTES_MAX, body_bytes_max))
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._written: list[tuple[bytes, bytes]] = []  # the headers as they came
        self._more: dict[bytes, bytes] = {}  # headers that are being read: at last, a trailer
        self._body: bytes | bytearray = b""
        self._is_in_head = False
        self._measures_head = False  # where it may be too large, as counting takes its time
        self._head_bytes = 0
        self._bodiless_bytes = 0  # in pieces after the first that brought nothing of the body

    def feed(self, data: bytes) -> None:
        """Take the next piece of what the client sends."""
        if self.is_partial:
            begun, had = self.begun, len(self._body)
            self._measures_head = True
            self._parse(data)
            if self.is_partial and begun == self.begun and had == len(self._body):
                self._count_bodiless(data)
        elif (request := self._familiar.read(data, self._connection)) is not None:
            self.begun += 1
            self.whole.append(request)
        else:
            self._measures_head = len(data) > HEAD_BYTES_MAX
            self._parse(data)
            if self._is_in_head:
                self._head_bytes = sum(map(_header_bytes, self._more.items()))

    def _count_bodiless(self, data: bytes) -> None:
        """The parser keeps what it has of a header to itself, so pieces are counted."""
        self._bodiless_bytes += len(data)
        if self._bodiless_bytes > HEAD_BYTES_MAX:
            self._refuse(HEAD_TOO_LARGE)

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # We speak nothing else: the request is answered as if it had not asked.
            if self.whole:
                self.whole[-1] = replace(self.whole[-1], is_last=True)
            self.is_over = True
        except httptools.HttpParserError:
            self._refuse(BAD_REQUEST)

    def end(self) -> None:
        """The connection is gone: let go of all that holds on to it in a circle."""
        self.is_over = True
        self.whole.clear()
        del self._parser, self._connection

    def _refuse(self, refusal: bytes) -> None:
        if not self.is_over:
            self.refusal = refusal
            self.is_over = True

    # What httptools calls

    def on_message_begin(self) -> None:
        self.begun += 1
        self.is_partial = self._is_in_head = True
        self._target = self._body = b""
        self._more = {}
        self._written = []
        self._head_bytes = self._bodiless_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._more[name.lower()] = value
        self._written.append((name, value))
        if self._measures_head:
            self._head_bytes += _header_bytes((name, value))

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        headers = self._headers = self._more
        self._more = {}  # what a trailer adds was never asked for
        if self._measures_head and len(self._target) + self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(HEAD_TOO_LARGE)
        elif b"expect" in headers and not self.is_over:
            self._meet_expectation(headers)

    def _meet_expectation(self, headers: Mapping[bytes, bytes]) -> None:
        """Whose client waits before it sends the body: it may go on, or hears now why not."""
        if int(headers.get(b"content-length", 0)) > self._body_bytes_max:
            self._hand_over(b"", is_whole=False)
        else:
            self.expects_continue = headers[b"expect"].lower() == b"100-continue"

    def on_body(self, body: bytes) -> None:
        if not self._body:
            self._body = body
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            self._body = bytearray(self._body) + body
        if len(self._body) > self._body_bytes_max and not self.is_over:
            self._hand_over(b"", is_whole=False)

    def on_message_complete(self) -> None:
        if not self.is_over:
            self._hand_over(bytes(self._body))

    def _hand_over(self, body: bytes, *, is_whole: bool = True) -> None:
        parser = self._parser
        is_last = not (
            is_whole and parser.should_keep_alive() and parser.get_http_version() == "1.1"
        )
        self.whole.append(
            Request(
                parser.get_method(),
                self._target,
                self._headers,
                body,
                self._connection,
                is_last,
                is_whole,
            )
        )
        self.is_partial = self.expects_continue = False
        self.is_over = is_last
        if not is_last:
            self._familiar.learn(parser.get_method(), self._target, self._written)


def _header_bytes(header: tuple[bytes, bytes]) -> int:
    name, value = header
    return len(name) + len(value) + len(": \r\n")
