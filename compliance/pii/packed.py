"""What is packed inside base64: base64 again, gzip or zlib, UTF-16; and base64 wrapped over lines.

One layer of base64 around text is found by its bytes (forms.py). This module opens what that cannot
see through. Bounded in tokens, depth and output, so that no line is a bomb.
"""

import binascii
import re
import string
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

DEPTH_MAX = 3  # unwrapped, opened, opened again
_OUTPUT_BYTES_MAX = 4 << 20  # of all that is opened in one line
# Without the hyphen, so that a UUID is none. Eight letters compressed give 22 digits; what is
# shorter when packed twice has a form of its own.
_DIGITS = string.ascii_letters + string.digits + "+/_"
RUN_DIGITS_MIN = 20
_RUN = b"x" * RUN_DIGITS_MIN
AS_RUNS = bytes(ord("x") if chr(code) in _DIGITS else 0 for code in range(256))
_BEFORE_BYTES_MAX = 256
_BEFORE = re.compile(rb"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]+\Z")
_AFTER = re.compile(rb"[A-Za-z0-9+/_-]*")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_GZIP = b"\x1f\x8b"
_ZLIB = 0x78
_FIRST_BYTES = b"\x1f\x78\xff\xfe"  # gzip, zlib, and UTF-16 with its mark
_NO_ASCII = bytes(range(128, 256))
_ASCII_MIN = 9  # of 12 bytes; a random id passes once in fourteen
_HEAD_DIGITS = 16  # a run less the digits that may be skipped before it, in whole groups
_BREAK = re.compile(
    rb"(?<=[A-Za-z0-9+/=])=?(?:(?:\\r)?\\n|\\r|\r\n)[ \t]*(?=[A-Za-z0-9+/=])|\\x00|\\u0000"
)

_WRAPPED = re.compile(rb"(?:(?:(?:\\r)?\\n|\r\n)[ \t]*[A-Za-z0-9+/_-]+)+")
_BREAKS = (b"\\", b"\r")
GOES_ON = (*_BREAKS, b"-")
# Soft line breaks of quoted-printable, and escaped NULs, lowered: what `joined` has to take out.
SIGNS = (rb"=\n", rb"=\r", rb"\x00", rb"\u0000")


class Unpacked(NamedTuple):
    """The content of one token, and the half-open span where the token stands."""

    start: int
    end: int
    form: str  # base64 | gzip | utf-16
    data: bytes


def unpacked(line: bytes, tokens: Iterable[tuple[int, int]]) -> Iterator[Unpacked]:
    """Every token that holds text. Random ids hold none: their bytes are no text."""
    room_bytes = _OUTPUT_BYTES_MAX
    for start, end in tokens:
        token = line[start:end]
        # All letters of one case: a path, a digest, a constant's name.
        if token.islower() or token.isupper():
            continue
        for skipped in _beginnings(line, start):
            if not _may_open(token[skipped : skipped + _HEAD_DIGITS]):
                continue
            opened = _opened(token[skipped:], room_bytes)
            if opened is not None:
                room_bytes -= len(opened[1])
                yield Unpacked(start, end, *opened)
                break


def _beginnings(line: bytes, start: int) -> tuple[int, ...]:
    """Digits to skip: what stands before a token may look like a part of it."""
    if line[start - 1 : start] == b"\\":  # the n of an escaped line end
        return (1, 0)
    # A path or a name: /raw/SGVsbG8, id_SGVsbG8. The separator is a digit of base64 as well.
    return (0, 1, 2, 3) if any(char in line[start : start + 8] for char in b"/_-+") else (0,)


def tokens_of(line: bytes) -> list[tuple[int, int]]:
    """Spans of what may be base64: long runs of its digits, with hyphens between them."""
    runs = line.translate(AS_RUNS)
    spans: list[tuple[int, int]] = []
    start = runs.find(_RUN)
    while start >= 0:
        end = runs.find(b"\0", start)
        end = len(line) if end < 0 else end
        following = runs.find(_RUN, end)
        if line[end : end + 1] == b"-" or line[start - 1 : start] == b"-":
            before = _BEFORE.search(line, max(0, start - _BEFORE_BYTES_MAX), start)
            after = _AFTER.match(line, end)
            start = before.start() if before else start
            end = after.end() if after else end
        if not spans or start >= spans[-1][1]:
            spans.append((start, end))
        start = following
    return spans


def is_opaque(block: bytes, start: int, end: int) -> bool:
    """Whether `unpacked` and `joined` find nothing in this run of digits, a part of a block.

    Most are ids in one case, which end where they end. False where it takes a closer look.
    """
    run = block[start:end]
    if block[end : end + 1] in GOES_ON or block[start - 1 : start] == b"-":
        return False
    return (
        run.islower()
        or run.isupper()
        or not any(
            _may_open(run[skipped : skipped + _HEAD_DIGITS])
            for skipped in _beginnings(block, start)
        )
    )


def _may_open(head: bytes) -> bool:
    """Whether it begins like something: most tokens are ids, and need no more than this."""
    data = binascii.a2b_base64(head.translate(_URL_SAFE))
    return len(data.translate(None, _NO_ASCII)) >= _ASCII_MIN or data[0] in _FIRST_BYTES


def _opened(token: bytes, room_bytes: int) -> tuple[str, bytes] | None:
    token = token.translate(_URL_SAFE)
    data = binascii.a2b_base64(token[: len(token) // 4 * 4] + _last_group(token))
    if data.startswith(_GZIP) or (data[0] == _ZLIB and int.from_bytes(data[:2], "big") % 31 == 0):
        inflated = _inflated(data, room_bytes)
        return None if inflated is None else ("gzip", inflated.replace(b"\0", b""))
    if b"\0" in data:
        return "utf-16", data.replace(b"\0", b"")
    return "base64", data


def _last_group(token: bytes) -> bytes:
    """The digits after the last whole group of four, padded; a single one tells nothing."""
    rest = token[len(token) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _inflated(data: bytes, room_bytes: int) -> bytes | None:
    try:
        # 32 + 15: gzip or zlib, whichever the header says. Cut-off streams give what they have.
        return zlib.decompressobj(47).decompress(data, max(1, room_bytes))
    except zlib.error:
        return None


class Joined(NamedTuple):
    """A stretch of a line without the breaks inside packed text and without NULs."""

    start: int  # of the stretch in the line
    data: bytes
    breaks: tuple[tuple[int, int], ...]  # position in `data`, bytes taken out up to there

    def origin(self, position: int) -> int:
        """Where in the line that position of `data` stands."""
        index = bisect_right(self.breaks, (position, 1 << 62)) - 1
        return self.start + position + (self.breaks[index][1] if index >= 0 else 0)


def joined(line: bytes, tokens: Iterable[tuple[int, int]], *, has_signs: bool) -> Iterator[Joined]:
    """What MIME wrapped: base64 every 76 digits, quoted-printable at soft breaks; and UTF-16.

    `has_signs` says that one of SIGNS stands in the line.
    """
    for start, end in tokens:
        rest = _WRAPPED.match(line, end) if line[end : end + 1] in _BREAKS else None
        if rest is not None:
            yield _without_breaks(line[start : rest.end()], start)
    if has_signs:
        yield _without_breaks(line, 0)


def _without_breaks(stretch: bytes, start: int) -> Joined:
    parts: list[bytes] = []
    breaks: list[tuple[int, int]] = []
    position = length = taken = 0
    for match in _BREAK.finditer(stretch):
        parts.append(stretch[position : match.start()])
        length += match.start() - position
        taken += match.end() - match.start()
        breaks.append((length, taken))
        position = match.end()
    parts.append(stretch[position:])
    return Joined(start, b"".join(parts), tuple(breaks))
