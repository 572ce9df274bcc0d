"""From bytes to lines, within bounds, whatever the bytes are.

A log line is written by strangers. Nothing here trusts its length, its encoding or its bytes; what
could not be read is said, because a scan that skipped something must not look clean.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from compliance.pii.packed import AS_RUNS
from compliance.pii.printable import printable
from compliance.pii.sources.file_part import Start
from compliance.pii.sources.line import Line, Tally
from compliance.pii.sources.line_time import AgeFilter
from compliance.pii.sources.long_line import Part
from compliance.pii.sources.reading import Reading
from compliance.pii.sources.records import RecordTracker
from compliance.pii.sources.unwrap import Row, Unwrapper, may_be_wrapped
from compliance.pii.sources.whole_lines import WholeLines

HEAD_BYTES = 8192
_RECORD_BYTES = 1 << 18  # a line of a record belongs to one that opened so close before
_OPENING_BYTES = 2_048  # of a long line: enough to tell which statement wrote it
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


BEGINNING = Start()
Suspects = Callable[[bytes], Iterable[int] | None]


class LineReader:
    """Reads one source; afterwards `tell` says what was lost on the way."""

    def __init__(self, source: str, tally: Tally, reading: Reading) -> None:
        self._source = printable(source)
        self._tally = tally
        self._reading = reading
        self._whole_lines = WholeLines(reading.line_bytes_max)
        self._unwrapper = Unwrapper(reading.line_bytes_max)
        self._invalid_lines = self._nul_lines = 0
        self._invalid_at = self._nul_at = 0  # the line that was counted last
        self._long_lines = self._packed_parts = 0
        self._opening_of_parts, self._is_old = b"", False
        self._records = RecordTracker()
        self._ages = AgeFilter(reading.since_s)

    def blocks(
        self,
        file: io.BufferedReader,
        end_bytes: int | None = None,
        suspects: Suspects | None = None,
        start: Start = BEGINNING,
    ) -> Iterator[list[Line]]:
        """Every line, in groups as they were read; with `end_bytes`, up to and including the line
        that reaches this offset.

        With `suspects`, of a group of plain lines only those that go through a position which it
        names; where it names None, all.
        """
        number = start.number
        # What came before, as far as it was not handed out.
        before = start.before
        for data in self._whole_lines.blocks(file, end_bytes):
            if isinstance(data, Part):
                self._follow(before)
                before = b""
                yield list(self._part(number, data))
                number += data.is_last
                continue
            first, lines = number, data.count(b"\n") + (not data.endswith(b"\n"))
            number += lines
            self._tally.lines_read += lines
            self._tally.bytes_read += len(data)
            positions = suspects(data) if suspects is not None and self._is_plain(data) else None
            if positions is not None:
                yield list(self._suspects(first, data, sorted(positions), before))
                before = _last_lines(before, data)
                continue
            self._follow(before)
            before = b""
            yield list(self.finished(_rows(first, data)))
        yield list(self._lines(self._unwrapper.rest()))

    def finished(self, rows: Iterable[Row]) -> Iterator[Line]:
        """Lines from rows as they were stored."""
        return self._lines(self._unwrapper.rows(rows))

    def _lines(self, rows: Iterable[Row]) -> Iterator[Line]:
        source, opening_of = self._source, self._records.opening_of
        is_old = self._ages.is_old if self._reading.since_s is not None else None
        for number, stored, time_s in rows:
            # Most lines are clean, and this runs on every one.
            data = stored
            if not stored.isascii() or b"\x1b" in stored or b"\x00" in stored:
                data = self._clean(number, stored)
            if is_old is None or not is_old(data, time_s):
                yield Line(source, number, data, opening_of(data))

    def _part(self, number: int, part: Part) -> Iterator[Line]:
        """A part of a long line: it is not taken apart, and belongs to how the line begins."""
        window = part.window
        # One by one, so that the window's ends are known after what is cleaned away.
        before, own, after = (
            self._clean(number, part.data[start:end])
            for start, end in pairwise((0, window.first, window.end, len(part.data)))
        )
        data = before + own + after
        window = window._replace(first=len(before), end=len(before) + len(own))
        opening = self._opening_of_parts
        if window.characters_before == 0:
            opening = self._records.opening_of(data[:_OPENING_BYTES])
            self._opening_of_parts = opening or data[:_OPENING_BYTES]
            self._is_old = self._ages.is_old(data, None)
        self._tally.bytes_read += part.fresh_bytes
        self._tally.lines_read += part.is_last
        self._long_lines += part.is_last
        self._packed_parts += _is_packed(part.shared)
        if not self._is_old:
            yield Line(self._source, number, data, opening, window)

    def _suspects(
        self, first: int, data: bytes, positions: Sequence[int], before: bytes
    ) -> Iterator[Line]:
        number, end = first, -1  # of the line that was handed out last
        for position in positions:
            if position <= end:
                continue
            start = data.rfind(b"\n", 0, position) + 1
            number += data.count(b"\n", max(end, 0), start)
            end = data.find(b"\n", position)
            end = len(data) if end < 0 else end
            line = data[start:end].rstrip(b"\r")
            yield Line(self._source, number, line, self._opening(line, data[:start], before))

    def _opening(self, line: bytes, above: bytes, before: bytes) -> bytes:
        if RecordTracker.always_opens(line):
            return b""
        self._follow(_last_lines(before, above))
        return self._records.opening_of(line)

    def _follow(self, lines: bytes) -> None:
        if lines:
            self._records = RecordTracker()
            self._records.follow(lines)

    def _is_plain(self, data: bytes) -> bool:
        """Whether lines are what they seem: nothing to unwrap, to clean or to leave out."""
        return (
            self._reading.since_s is None
            and b"\x1b" not in data
            and b"\x00" not in data
            and not may_be_wrapped(data)
            and (data.isascii() or _is_utf8(data))
        )

    def tell(self) -> None:
        """Note what was cut, repaired or left out."""
        if self._packed_parts:
            what = f"{self._packed_parts:,} stretches of packed text in lines over"
            why = f"{self._reading.line_bytes_max:,} bytes were not opened as a whole"
            self._tally.skip(self._source, f"{what} {why}")
        if self._long_lines:
            what = f"{self._long_lines:,} lines over {self._reading.line_bytes_max:,} bytes"
            self._tally.note(self._source, f"{what} were read in parts; no JSON paths in them")
        if self._invalid_lines:
            what = f"{self._invalid_lines:,} lines are not valid UTF-8; read with replacements"
            self._tally.note(self._source, what)
        if self._nul_lines:
            what = f"{self._nul_lines:,} lines held NUL bytes; read without them"
            self._tally.note(self._source, what)
        if self._ages.left_out:
            what = f"{self._ages.left_out:,} lines are older than --since; left out"
            self._tally.note(self._source, what)

    def _clean(self, number: int, data: bytes) -> bytes:
        if b"\x00" in data:
            self._nul_lines += number != self._nul_at
            self._nul_at = number
            data = data.replace(b"\x00", b"")
        if b"\x1b" in data:
            data = _ANSI.sub(b"", data)
        if not data.isascii() and not _is_utf8(data):
            self._invalid_lines += number != self._invalid_at
            self._invalid_at = number
        return data


def _last_lines(before: bytes, data: bytes) -> bytes:
    """So many that the record in which they end most likely begins among them."""
    return data if len(data) >= _RECORD_BYTES else (before + data)[-_RECORD_BYTES:]


def _rows(first: int, data: bytes) -> Iterator[Row]:
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, first):
        yield Row(number, line.rstrip(b"\r"))


def _is_packed(data: bytes) -> bool:
    """Whether all of it can be one run of packed text: base64 has letters of both cases."""
    is_cased = data.islower() or data.isupper()
    return bool(data) and not is_cased and 0 not in data.translate(AS_RUNS)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
