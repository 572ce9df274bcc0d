"""A line too long to be held at once, in parts that overlap.

    |--------- part 1 ---------|
                       |--------- part 2 ---------|
                         ^ margin: a value that begins before it is part 1's to tell

The overlap is longer than any value that is looked for, so a value that goes through the end of a
part stands whole in the next one. Each place in the line belongs to one part, and with it the
values that begin there: none is told twice, and none that a border cut.
"""

from collections.abc import Iterator
from typing import NamedTuple

from compliance.pii.sources.line import Window

_OVERLAP = 4  # a quarter: 64 KiB of 256
_MARGIN = 16  # a quarter of that: what tells what a value is stands before it, and is short
_CONTINUES = range(0x80, 0xC0)  # UTF-8: a byte inside a character
_CHARACTER_BYTES_MAX = 4


class Part(NamedTuple):
    """A part of a line."""

    data: bytes  # without the line's end
    window: Window
    fresh_bytes: int  # those that the part before did not have, the line's end included
    is_last: bool
    shared: bytes  # the end, if it goes on: what is not longer stands whole in a part


class LongLine:
    """One line, taken in as it comes."""

    def __init__(self, part_bytes: int) -> None:
        self._part_bytes = part_bytes
        self._overlap_bytes = part_bytes // _OVERLAP
        self._margin_bytes = self._overlap_bytes // _MARGIN
        self._held = b""
        self._first = 0  # where in it what is the next part's to tell begins
        self._known_bytes = 0  # of what is held, so much was in the part before
        self._characters_before = 0

    def parts(self, data: bytes, *, is_last: bool) -> Iterator[Part]:
        """What can be handed out by now; with `is_last`, all."""
        self._held += data
        while len(self._held) > self._part_bytes:
            yield self._part(_character_start(self._held, self._part_bytes))
        if is_last:
            end = self._held.removesuffix(b"\n").rstrip(b"\r")
            window = Window(self._characters_before, self._first, len(end))
            fresh_bytes = len(self._held) - self._known_bytes
            yield Part(end, window, fresh_bytes, is_last=True, shared=b"")

    def _part(self, end: int) -> Part:
        next_start = _character_start(self._held, end - self._overlap_bytes)
        own_end = _character_start(self._held, next_start + self._margin_bytes)
        data, before = self._held[:end], self._held[:next_start]
        part = Part(
            data,
            Window(self._characters_before, self._first, own_end),
            end - self._known_bytes,
            is_last=False,
            shared=data[own_end:],
        )
        self._characters_before += len(before.decode(errors="replace"))
        self._held = self._held[next_start:]
        self._first = own_end - next_start
        self._known_bytes = end - next_start
        return part


def _character_start(data: bytes, position: int) -> int:
    """The position, or the start of the character that it is inside of."""
    for start in range(position, position - _CHARACTER_BYTES_MAX, -1):
        if data[start] not in _CONTINUES:
            return start
    return position  # no UTF-8
