"""Where lines come from: files and folders, read once, within bounds, whatever they hold.

A log line is written by strangers. Nothing here trusts its length, its encoding or its bytes; what
could not be read is said, because a scan that skipped something must not look clean.
"""

import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

COMPRESSED_SUFFIXES = frozenset(
    {".gz", ".zst", ".bz2", ".xz", ".zip", ".br", ".lz4", ".7z", ".tgz"}
)
_HEAD_BYTES = 8192
_READ_BYTES = 1 << 20
# Plain text holds next to no control bytes, random bytes 10 %; UTF-16 is half NULs.
_CONTROL_SHARE_MAX, _CONTROLS_ALLOWED = 0.02, 8
_NUL_SHARE_MAX = 0.2
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r\x1b\x0c\x08\x00"))
_BINARY_MAGIC = (
    b"\x7fELF",
    b"PAR1",
    b"\x89PNG",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"SQLite format 3\x00",
    b"%PDF",
)
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
# CSI sequences (colours), OSC strings (titles, links; bounded) and two-byte escapes.
_ANSI = re.compile(
    rb"\x1b(?:\[[0-9;:?]{0,64}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,1024}(?:\x07|\x1b\\)|[@-Z\\^_])"
)


@dataclass(frozen=True)
class Note:
    """Something about a source that a reader of the report should know."""

    source: str
    what: str


@dataclass(frozen=True)
class Line:
    """One line without its end, NULs and terminal escapes."""

    source: str
    number: int  # from 1
    data: bytes


@dataclass
class Intake:
    """What was read, and what was not. `skipped` means lost coverage, `notes` do not."""

    lines_read: int = 0
    bytes_read: int = 0
    sources: list[str] = field(default_factory=list)
    skipped: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def lines(self, paths: Iterable[Path | str], *, line_bytes_max: int) -> Iterator[Line]:
        """Every line of the files at and under the paths, in the order of their names."""
        seen: set[tuple[int, int]] = set()
        for path in paths:
            for file in self._files(Path(path), seen):
                yield from self._lines_of(file, line_bytes_max)

    def _files(self, path: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
        """Regular files, each once: a link back up, or a second name, leads to nothing new."""
        try:
            status = path.stat()
            identity = (status.st_dev, status.st_ino)
            if identity in seen:
                return
            seen.add(identity)
            if stat.S_ISDIR(status.st_mode):
                for child in sorted(path.iterdir()):
                    yield from self._files(child, seen)
                return
        except OSError as error:
            self._skip(path, error.strerror or "cannot be read")
            return
        except ValueError:
            self._skip(path, "not a path: it holds a NUL character")
            return
        if not stat.S_ISREG(status.st_mode):
            self._skip(path, "not a regular file")
        elif path.suffix.lower() in COMPRESSED_SUFFIXES:
            self._skip(path, "compressed; unpack it first")
        else:
            yield path

    def _lines_of(self, path: Path, line_bytes_max: int) -> Iterator[Line]:
        try:
            with path.open("rb", buffering=_READ_BYTES) as file:
                why_not = _unreadable(file.read(_HEAD_BYTES))
                if why_not:
                    self._skip(path, why_not)
                    return
                file.seek(0)
                source = printable(str(path))
                self.sources.append(source)
                yield from self._read(source, file, line_bytes_max)
        except OSError as error:
            self._skip(path, f"stopped reading: {error.strerror or 'input/output error'}")

    def _read(self, source: str, file: BinaryIO, line_bytes_max: int) -> Iterator[Line]:
        number = lines_cut = cut_bytes = lines_invalid = lines_with_nul = 0
        while data := file.readline(line_bytes_max):
            number += 1
            self.lines_read += 1
            self.bytes_read += len(data)
            if len(data) == line_bytes_max and not data.endswith(b"\n"):
                rest_bytes = _discard_line(file, line_bytes_max)
                lines_cut += rest_bytes > 0
                cut_bytes += rest_bytes
            data = data.rstrip(b"\r\n")
            if b"\x00" in data:
                lines_with_nul += 1
                data = data.replace(b"\x00", b"")
            if b"\x1b" in data:
                data = _ANSI.sub(b"", data)
            if not data.isascii():
                lines_invalid += not _is_utf8(data)
            yield Line(source, number, data)
        if lines_cut:
            over = f"{lines_cut:,} lines over {line_bytes_max:,} bytes were cut"
            what = f"{cut_bytes:,} bytes not read: {over}"
            self.skipped.append(Note(source, what))
        if lines_invalid:
            self.notes.append(
                Note(source, f"{lines_invalid:,} lines are not valid UTF-8; read with replacements")
            )
        if lines_with_nul:
            self.notes.append(
                Note(source, f"{lines_with_nul:,} lines held NUL bytes; read without them")
            )

    def _skip(self, path: Path, why: str) -> None:
        self.skipped.append(Note(printable(str(path)), why))


def printable(text: str) -> str:
    """Safe on a terminal: what is not printable, or not Unicode, shows as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _unreadable(head: bytes) -> str | None:
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


def _discard_line(file: BinaryIO, piece_bytes: int) -> int:
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
