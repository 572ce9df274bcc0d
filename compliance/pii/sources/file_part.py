"""Parts of one big file, for several processes: each has the lines that begin in it."""

import io
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from compliance.pii.sources.expand import is_compressed
from compliance.pii.sources.files import FoundFile
from compliance.pii.sources.unwrap import may_be_wrapped

PART_BYTES_MIN = 16 << 20  # less is not worth a process's start
_HEAD_BYTES = 1 << 16
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class FilePart:
    """The lines that begin from one offset up to another."""

    path: str
    start_bytes: int
    end_bytes: int

    def __str__(self) -> str:
        return self.path


class Start(NamedTuple):
    """Where a part's first line begins."""

    offset_bytes: int = 0
    number: int = 1  # of that line, in the file
    before: bytes = b""  # some of what stands above it, and tells to what record it belongs


def parts_of(found: FoundFile, count_max: int) -> list[FilePart]:
    """At most so many, or one that is all of the file. Packed logs, and those of collectors, which
    cut lines in pieces, are read from their beginning.
    """
    count = min(count_max, found.size_bytes // PART_BYTES_MIN)
    if count < 2 or not _is_plain(found.path):
        return []
    ends = [found.size_bytes * number // count for number in range(count + 1)]
    return [FilePart(str(found.path), start, end) for start, end in itertools.pairwise(ends)]


def go_to_start(file: io.BufferedReader, start_bytes: int) -> Start:
    """Read on to the first line that begins at or behind an offset; at the end there is none."""
    if start_bytes == 0:
        return Start()
    number, before, left_bytes = 1, b"", start_bytes - 1
    while left_bytes and (piece := file.read(min(left_bytes, _READ_BYTES))):
        number += piece.count(b"\n")
        left_bytes -= len(piece)
        before = (before + piece)[-_READ_BYTES:]
    while line := file.readline(_READ_BYTES):
        before = (before + line)[-_READ_BYTES:]
        if line.endswith(b"\n"):
            number += 1
            break
    return Start(file.tell(), number, before)


def _is_plain(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:  # said when it is read
        return False
    return not (is_compressed(head) or may_be_wrapped(head))
