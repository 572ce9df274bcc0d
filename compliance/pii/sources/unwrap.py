"""Lines that a log collector wrapped in JSON of its own: Docker's json-file and journald's export.

The inner line is what the program wrote, so it is what the detectors see; what the program or its
operator added beside it (Docker `attrs`, journald fields without an underscore, the command line)
follows as a second line of the same number, so that unwrapping hides nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

_DOCKER_KEYS = frozenset({"log", "stream", "time", "attrs"})
_DOCKER_START = b'{"log":'
_JOURNAL_MARK = b'"__REALTIME_TIMESTAMP"'
# Written by journald and systemd about the process: ids, units, times, nobody's words.
_JOURNAL_QUIET = frozenset({"MESSAGE", "MESSAGE_ID", "PRIORITY", "INVOCATION_ID"})
_JOURNAL_SPOKEN = frozenset({"_CMDLINE"})


class Row(NamedTuple):
    """A line as it was stored, or as it was before a collector wrapped it."""

    number: int
    data: bytes
    time_s: float | None = None  # when the collector took it, in seconds since 1970


class Unwrapper:
    """Takes the wrapping off the rows of one source; other rows pass as they are."""

    def __init__(self, line_bytes_max: int) -> None:
        self._halves = _Halves(line_bytes_max)

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """What can be told by now; the first part of a line waits for the last one."""
        for row in rows:
            data = row.data
            if not data.startswith(b"{"):
                yield row
            elif data.startswith(_DOCKER_START):
                yield from _docker(row, self._halves)
            elif _JOURNAL_MARK in data:
                yield from _journal(row)
            else:
                yield row

    def rest(self) -> Iterator[Row]:
        """Parts whose last one never came."""
        yield from self._halves.rest()


def may_be_wrapped(lines: bytes) -> bool:
    """Whether one of the lines can be a collector's."""
    return _DOCKER_START in lines or _JOURNAL_MARK in lines


class _Halves:
    """Docker cuts lines at 16 KiB; only the last part ends in a line end."""

    def __init__(self, line_bytes_max: int) -> None:
        self._line_bytes_max = line_bytes_max
        self._open: dict[str, Row] = {}  # by stream: stdout and stderr come mixed

    def join(self, stream: str, row: Row, *, is_whole: bool) -> Row | None:
        """The whole line, once its last part came or it is as long as a line may be."""
        first = self._open.pop(stream, None)
        if first is not None:
            row = first._replace(data=first.data + row.data)
        if is_whole or len(row.data) >= self._line_bytes_max or len(self._open) > 8:
            return row
        self._open[stream] = row
        return None

    def rest(self) -> Iterator[Row]:
        yield from self._open.values()


def _docker(row: Row, halves: _Halves) -> Iterator[Row]:
    outer = _object(row.data)
    text = outer.get("log")
    if not isinstance(text, str) or not outer.keys() <= _DOCKER_KEYS:
        yield row
        return
    inner = Row(row.number, _encoded(text.rstrip("\r\n")))
    joined = halves.join(str(outer.get("stream")), inner, is_whole=text.endswith("\n"))
    if joined is not None:
        yield joined
    if outer.get("attrs"):
        yield Row(row.number, orjson.dumps(outer["attrs"]))


def _journal(row: Row) -> Iterator[Row]:
    outer = _object(row.data)
    message = outer.get("MESSAGE")
    if isinstance(message, list) and all(isinstance(n, int) and 0 <= n < 256 for n in message):
        message = bytes(message)  # how journald writes what is no UTF-8
    elif isinstance(message, str):
        message = _encoded(message)
    if not isinstance(message, bytes):
        yield row
        return
    time_s = _microseconds(outer.get("__REALTIME_TIMESTAMP"))
    for line in message.splitlines() or [b""]:
        yield Row(row.number, line, time_s)
    beside = {
        name: told
        for name, told in outer.items()
        if name in _JOURNAL_SPOKEN
        or not (name.startswith(("_", "SYSLOG_", "CODE_")) or name in _JOURNAL_QUIET)
    }
    if beside:
        yield Row(row.number, orjson.dumps(beside), time_s)


def _object(data: bytes) -> dict[str, Any]:
    try:
        outer = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return outer if isinstance(outer, dict) else {}


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")


def _microseconds(told: object) -> float | None:
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 20:
        return int(told) / 1e6
    return None
