"""Requests like those before them on their connection, read at half the parser's price.

A client sends the same headers with every call, most of them with the same values. What the
parser accepted on a connection is remembered: the first request's lines by heart, and the names of
those whose values change. A request that came whole and alone, and is made of nothing but
remembered lines, and remembered names with printable values, means what the parser would have
made of it. Everything else is for the parser: what is new, comes in parts, or says how to go on.
"""

import re

from reference.cloud.sqs.exchange import Connection, Request

Headers = list[tuple[bytes, bytes]]

NAMES_KEPT_MAX = 64
# They decide where a request ends, and whether another may follow.
_FRAMING = {b"connection", b"expect", b"proxy-connection", b"transfer-encoding", b"upgrade"}
# The parser reads RTSP and ICE, too, and does not tell; these mean the same in all of them.
_METHODS = {b"GET", b"POST"}
_is_value = re.compile(rb"[!-~]([ -~]*[!-~])?").fullmatch
_LENGTH_DIGITS_MAX = 8


class Familiar:
    """What one connection's requests have in common; larger ones are all for the parser."""

    def __init__(self, request_bytes_max: int) -> None:
        self._request_bytes_max = request_bytes_max
        self._method = self._target = b""
        self._request_line: bytes | None = None
        self._lines: dict[bytes, tuple[bytes, bytes]] = {}  # to the header that each one is
        self._names: dict[bytes, bytes] = {}  # as they are written, to lower case

    def learn(self, method: bytes, target: bytes, headers: Headers) -> None:
        """The parser read a request of HTTP/1.1, and the connection goes on after it."""
        if method not in _METHODS:
            return
        if any(name.lower() in _FRAMING and not _goes_on(name, value) for name, value in headers):
            return
        if self._request_line is None:
            self._method, self._target = method, target
            self._request_line = b"%b %b HTTP/1.1" % (method, target)
            for name, value in headers[:NAMES_KEPT_MAX]:
                self._lines[b"%b: %b" % (name, value)] = (name.lower(), value)
        for name, _ in headers:
            if len(self._names) < NAMES_KEPT_MAX and name.lower() not in _FRAMING:
                self._names[name] = name.lower()

    def read(self, data: bytes, connection: Connection) -> Request | None:
        """The request that `data` is; None when the parser must look."""
        head, end, body = data.partition(b"\r\n\r\n")
        request_line, *lines = head.split(b"\r\n")
        if not end or request_line != self._request_line or len(data) > self._request_bytes_max:
            return None
        headers = {}
        for line in lines:
            header = self._lines.get(line)
            if header is None:
                written, _, value = line.partition(b": ")
                name = self._names.get(written)
                if name is None or not _is_value(value):
                    return None
                header = name, value
            headers[header[0]] = header[1]
        length = headers.get(b"content-length", b"")
        if (
            len(headers) != len(lines)  # one of them repeats
            or not length.isdigit()
            or len(length) > _LENGTH_DIGITS_MAX
            or int(length) != len(body)
        ):
            return None
        return Request(self._method, self._target, headers, body, connection)


def _goes_on(name: bytes, value: bytes) -> bool:
    """Whether it says what HTTP/1.1 does anyway."""
    return (name.lower(), value.lower()) == (b"connection", b"keep-alive")
