"""Bytes in blocks of whole lines: many lines cost one read, and a block can be looked at as one."""

import io
from collections.abc import Iterator

BLOCK_BYTES = 1 << 20


class WholeLines:
    """Reads one source in blocks; afterwards it knows what was cut off from lines too long."""

    def __init__(self, line_bytes_max: int) -> None:
        self._line_bytes_max = line_bytes_max
        self.cut_lines = self.cut_bytes = 0

    def blocks(self, file: io.BufferedReader, end_bytes: int | None = None) -> Iterator[bytes]:
        """What is there, without waiting for more, up to its last line end.

        With `end_bytes`, up to and including the line that reaches this offset.
        """
        begun: list[bytes] = []  # of a line whose end has not come
        begun_bytes = read_bytes = 0
        is_cut = False  # what begun holds is all that is kept of the line
        while piece := file.read1(BLOCK_BYTES):
            is_last = end_bytes is not None and read_bytes + len(piece) >= end_bytes
            if is_last:
                piece = _up_to_line_end(piece, max(0, (end_bytes or 0) - read_bytes - 1))
                is_last = piece.endswith(b"\n")
            read_bytes += len(piece)
            if is_cut:
                dropped = piece.find(b"\n") if b"\n" in piece else len(piece)
                self.cut_bytes += dropped
                piece = piece[dropped:]
            end = piece.rfind(b"\n") + 1
            if end:
                yield self._bounded(b"".join([*begun, piece[:end]]))
                begun, begun_bytes, is_cut = [], 0, False
            if end < len(piece):
                begun.append(piece[end:])
                begun_bytes += len(piece) - end
                if begun_bytes > self._line_bytes_max and not is_cut:
                    begun = [self._bounded(b"".join(begun))]
                    is_cut = True
            if is_last:
                return
        if begun:
            yield self._bounded(b"".join(begun))

    def _bounded(self, lines: bytes) -> bytes:
        """The lines, each cut after so many bytes."""
        parts: list[bytes] = []
        kept = start = 0  # up to `kept` all is in `parts`; a line begins at `start`
        while start + self._line_bytes_max < len(lines):
            last = start + self._line_bytes_max
            end = lines.rfind(b"\n", start, last + 1)
            if end >= 0:
                start = end + 1
                continue
            end = lines.find(b"\n", last)
            end = len(lines) if end < 0 else end
            self.cut_lines += 1
            self.cut_bytes += end - last
            parts.append(lines[kept:last])
            kept = start = end
        return b"".join([*parts, lines[kept:]]) if parts else lines


def _up_to_line_end(piece: bytes, position: int) -> bytes:
    """The piece, without what stands behind the line that goes through the position."""
    end = piece.find(b"\n", position)
    return piece if end < 0 else piece[: end + 1]
