"""From bytes to lines, within bounds, whatever the bytes are.

A log line is written by strangers. Nothing here trusts its length, its encoding or its bytes; what
could not be read is said, because a scan that skipped something must not look clean.
"""

import io
import re
from collections.abc import Iterable, Iterator

from compliance.pii.printable import printable
from compliance.pii.sources.line import Line, Tally
from compliance.pii.sources.line_time import AgeFilter
from compliance.pii.sources.reading import Reading
from compliance.pii.sources.records import RecordTracker
from compliance.pii.sources.unwrap import Row, unwrapped

HEAD_BYTES = 8192
# Plain text holds next to no control bytes, random bytes 10 %; UTF-16 is half NULs.
_CONTROL_SHARE_MAX, _CONTROLS_ALLOWED = 0.02, 8
_NUL_SHARE_MAX = 0.2
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r\x1b\x0c\x08\x00"))
_ARCHIVES = {
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x04\x22\x4d\x18": "compressed with lz4",
    b"\x1f\x8b": "compressed twice",
    b"\x28\xb5\x2f\xfd": "compressed twice",
    b"\xfd7zXZ\x00": "compressed twice",
}
_BINARY_MAGIC = (b"\x7fELF", b"PAR1", b"\x89PNG", b"SQLite format 3\x00", b"%PDF", b"Obj\x01")
_TAR_MAGIC = slice(257, 262)
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
# CSI sequences (colours), OSC strings (titles, links; bounded) and two-byte escapes.
_ANSI = re.compile(
    rb"\x1b(?:\[[0-9;:?]{0,64}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,1024}(?:\x07|\x1b\\)|[@-Z\\^_])"
)


def why_unreadable(head: bytes) -> str | None:
    """Why these first bytes are no log, or None."""
    for magic, what in _ARCHIVES.items():
        if head.startswith(magic):
            return f"{what}; unpack it first"
    if head[_TAR_MAGIC] == b"ustar":
        return "a tar archive; unpack it first"
    if head.startswith(_WIDE_BOMS):
        return "UTF-16 or UTF-32 text; convert it to UTF-8 first"
    if head.startswith(_BINARY_MAGIC):
        return "not a text file"
    # A file truncated under its writer starts with a long run of NULs; those do not count.
    text = head.strip(b"\x00")
    controls = len(text) - len(text.translate(None, _CONTROL_BYTES))
    if controls > _CONTROLS_ALLOWED + _CONTROL_SHARE_MAX * len(text):
        return "not a text file"
    return "not a text file" if text.count(0) > _NUL_SHARE_MAX * len(text) else None


class LineReader:
    """Reads one source; afterwards `tell` says what was lost on the way."""

    def __init__(self, source: str, tally: Tally, reading: Reading) -> None:
        self._source = printable(source)
        self._tally = tally
        self._reading = reading
        self._cut_lines = self._cut_bytes = self._invalid_lines = self._nul_lines = 0
        self._records = RecordTracker()
        self._ages = AgeFilter(reading.since_s)

    def lines(self, file: io.BufferedReader, end_bytes: int | None = None) -> Iterator[Line]:
        """Every line; with `end_bytes`, up to and including the line that reaches this offset."""
        return self.finished(self._rows(file, end_bytes))

    def finished(self, rows: Iterable[Row]) -> Iterator[Line]:
        """Lines from rows as they were stored."""
        source, opening_of = self._source, self._records.opening_of
        is_old = self._ages.is_old if self._reading.since_s is not None else None
        for number, stored, time_s in unwrapped(rows, self._reading.line_bytes_max):
            # Most lines are clean, and this runs on every one.
            data = stored
            if not stored.isascii() or b"\x1b" in stored or b"\x00" in stored:
                data = self._clean(stored)
            if is_old is None or not is_old(data, time_s):
                yield Line(source, number, data, opening_of(data))

    def tell(self) -> None:
        """Note what was cut, repaired or left out."""
        if self._cut_lines:
            over = f"{self._cut_lines:,} lines over {self._reading.line_bytes_max:,} bytes were cut"
            self._tally.skip(self._source, f"{self._cut_bytes:,} bytes not read: {over}")
        if self._invalid_lines:
            what = f"{self._invalid_lines:,} lines are not valid UTF-8; read with replacements"
            self._tally.note(self._source, what)
        if self._nul_lines:
            what = f"{self._nul_lines:,} lines held NUL bytes; read without them"
            self._tally.note(self._source, what)
        if self._ages.left_out:
            what = f"{self._ages.left_out:,} lines are older than --since; left out"
            self._tally.note(self._source, what)

    def _rows(self, file: io.BufferedReader, end_bytes: int | None) -> Iterator[Row]:
        tally, line_bytes_max = self._tally, self._reading.line_bytes_max
        number = read_bytes = 0
        while data := file.readline(line_bytes_max):
            number += 1
            read_bytes += len(data)
            tally.lines_read += 1
            tally.bytes_read += len(data)
            if len(data) == line_bytes_max and not data.endswith(b"\n"):
                rest_bytes = _discard_line(file, line_bytes_max)
                self._cut_lines += rest_bytes > 0
                self._cut_bytes += rest_bytes
                read_bytes += rest_bytes
            yield Row(number, data.rstrip(b"\r\n"))
            if end_bytes is not None and read_bytes >= end_bytes:
                return

    def _clean(self, data: bytes) -> bytes:
        if b"\x00" in data:
            self._nul_lines += 1
            data = data.replace(b"\x00", b"")
        if b"\x1b" in data:
            data = _ANSI.sub(b"", data)
        if not data.isascii():
            self._invalid_lines += not _is_utf8(data)
        return data


def _discard_line(file: io.BufferedReader, piece_bytes: int) -> int:
    discarded_bytes = 0
    while piece := file.readline(piece_bytes):
        discarded_bytes += len(piece)
        if piece.endswith(b"\n"):
            break
    return discarded_bytes


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
