"""Bytes in blocks of whole lines: many lines cost one read, and a block can be looked at as one.

A line too long for that comes in parts that overlap (long_line.py).
"""

import io
from collections.abc import Iterator

from compliance.pii.sources.long_line import LongLine, Part

BLOCK_BYTES = 1 << 20


class WholeLines:
    """Reads one source in blocks."""

    def __init__(self, line_bytes_max: int) -> None:
        self._line_bytes_max = line_bytes_max

    def blocks(
        self, file: io.BufferedReader, end_bytes: int | None = None
    ) -> Iterator[bytes | Part]:
        """What is there, without waiting for more, up to its last line end; long lines in parts.

        With `end_bytes`, up to and including the line that reaches this offset.
        """
        begun: list[bytes] = []  # of a line whose end has not come
        begun_bytes = read_bytes = 0
        long: LongLine | None = None  # the line, once it is known to be one
        while piece := file.read1(BLOCK_BYTES):
            is_last = end_bytes is not None and read_bytes + len(piece) >= end_bytes
            if is_last:
                piece = _up_to_line_end(piece, max(0, (end_bytes or 0) - read_bytes - 1))
                is_last = piece.endswith(b"\n")
            read_bytes += len(piece)
            end = piece.find(b"\n") + 1
            if long is not None:
                yield from long.parts(piece[:end] if end else piece, is_last=end > 0)
                long, piece = (None, piece[end:]) if end else (long, b"")
            end = piece.rfind(b"\n") + 1
            if end:
                yield from self._apart(b"".join([*begun, piece[:end]]))
                begun, begun_bytes = [], 0
            if end < len(piece):
                begun.append(piece[end:])
                begun_bytes += len(piece) - end
                if begun_bytes > self._line_bytes_max:
                    long = LongLine(self._line_bytes_max)
                    yield from long.parts(b"".join(begun), is_last=False)
                    begun, begun_bytes = [], 0
            if is_last:
                return
        if long is not None:
            yield from long.parts(b"", is_last=True)
        elif begun:
            yield from self._apart(b"".join(begun))

    def _apart(self, lines: bytes) -> Iterator[bytes | Part]:
        """The lines in one block, but long ones in parts."""
        told = start = 0  # up to `told` all is handed out; a line begins at `start`
        while start + self._line_bytes_max < len(lines):
            last = start + self._line_bytes_max
            end = lines.rfind(b"\n", start, last + 1)
            if end >= 0:
                start = end + 1
                continue
            end = lines.find(b"\n", last) + 1 or len(lines)
            if told < start:
                yield lines[told:start]
            yield from LongLine(self._line_bytes_max).parts(lines[start:end], is_last=True)
            told = start = end
        if told < len(lines):
            yield lines[told:]


def _up_to_line_end(piece: bytes, position: int) -> bytes:
    """The piece, without what stands behind the line that goes through the position."""
    end = piece.find(b"\n", position)
    return piece if end < 0 else piece[: end + 1]
