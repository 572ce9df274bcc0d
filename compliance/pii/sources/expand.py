"""Compressed logs, told by their first bytes and expanded piece by piece within bounds.

A bomb is a few kilobytes that expand to terabytes. Here no call returns more than a few megabytes,
and the ratio and the size of the whole are watched, so a bomb costs time up to its bound only.
"""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol

import zstandard

from compliance.pii.sources.reading import Reading

_READ_BYTES = 1 << 16
_PIECE_BYTES_MAX = 1 << 20
# Zstandard's decompressor cannot be told how much to return; four bytes make at most 128 KiB.
_ZSTD_READ_BYTES = 256
_MEMORY_BYTES_MAX = 256 << 20  # for the dictionary of xz and zstd
# Small files may have any ratio: a thousand equal lines are no bomb.
_RATIO_FREE_BYTES = 64 << 20


class ExpansionError(ValueError):
    """A compressed file that cannot be read to its end: a bomb, corrupt, or cut off."""


class _Decompressor(Protocol):
    """One member (gzip, xz, bzip2) or frame (zstd) of a file."""

    is_at_end: bool
    left: bytes  # input that was not used

    def feed(self, data: bytes) -> bytes: ...


class _Zlib:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.is_at_end, self.left = False, b""

    def feed(self, data: bytes) -> bytes:
        piece = self._inner.decompress(data, _PIECE_BYTES_MAX)
        self.is_at_end = self._inner.eof
        self.left = self._inner.unused_data if self.is_at_end else self._inner.unconsumed_tail
        return piece


class _Buffered:
    """bz2 and lzma keep the input that they did not use yet."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.is_at_end, self.left = False, b""

    def feed(self, data: bytes) -> bytes:
        piece: bytes = self._inner.decompress(data, _PIECE_BYTES_MAX)
        self.is_at_end = self._inner.eof
        self.left = self._inner.unused_data if self.is_at_end else b""
        return piece


class _Zstd:
    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=_MEMORY_BYTES_MAX).decompressobj()
        self.is_at_end, self.left = False, b""

    def feed(self, data: bytes) -> bytes:
        now, self.left = data[:_ZSTD_READ_BYTES], data[_ZSTD_READ_BYTES:]
        piece: bytes = self._inner.decompress(now)
        self.is_at_end = self._inner.eof
        if self.is_at_end:
            self.left = self._inner.unused_data + self.left
        return piece


_CODECS: tuple[tuple[bytes, str, Callable[[], _Decompressor]], ...] = (
    (b"\x1f\x8b", "gzip", _Zlib),
    (b"\x28\xb5\x2f\xfd", "zstd", _Zstd),
    (b"BZh", "bzip2", lambda: _Buffered(bz2.BZ2Decompressor())),
    (
        b"\xfd7zXZ\x00",
        "xz",
        lambda: _Buffered(lzma.LZMADecompressor(memlimit=_MEMORY_BYTES_MAX)),
    ),
)
_CORRUPT = (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError, ValueError)


def is_compressed(head: bytes) -> bool:
    """Whether a file that begins like this is expanded."""
    return any(head.startswith(magic) for magic, *_ in _CODECS)


def opened(file: io.BufferedReader, reading: Reading) -> io.BufferedReader:
    """The file itself, or its expanded content. Reading that raises ExpansionError."""
    head = file.peek(_READ_BYTES)
    for magic, name, decompressor in _CODECS:
        if head.startswith(magic):
            pieces = _expanded(file, name, magic, decompressor, reading)
            return io.BufferedReader(PieceReader(pieces), _PIECE_BYTES_MAX)
    return file


def _expanded(
    file: BinaryIO,
    name: str,
    magic: bytes,
    decompressor: Callable[[], _Decompressor],
    reading: Reading,
) -> Iterator[bytes]:
    current = decompressor()
    read_bytes = out_bytes = 0
    data = b""
    is_idle = True  # the decompressor holds no input that it could still turn into output
    while True:
        if not data and is_idle:
            data = file.read(_READ_BYTES)
            read_bytes += len(data)
            if not data:
                raise ExpansionError(f"{name} data ends in the middle; the file is cut off")
        try:
            piece = current.feed(data)
        except _CORRUPT as error:
            raise ExpansionError(f"{name} data is corrupt: {_reason(error)}") from None
        data = current.left
        is_idle = len(piece) < _PIECE_BYTES_MAX
        out_bytes += len(piece)
        _watch(out_bytes, read_bytes, name, reading)
        if piece:
            yield piece
        if current.is_at_end:
            # Rotation by appending writes one member after the other; gzip may be padded.
            data = (data or file.read(_READ_BYTES)).lstrip(b"\x00")
            if not data:
                return
            if not data.startswith(magic[: len(data)]):
                raise ExpansionError(f"other data follows the {name} data")
            current, is_idle = decompressor(), True


def _watch(out_bytes: int, read_bytes: int, name: str, reading: Reading) -> None:
    ratio = out_bytes / max(1, read_bytes)
    if out_bytes > _RATIO_FREE_BYTES and ratio > reading.expansion_ratio_max:
        raise ExpansionError(
            f"{name} data expands more than {reading.expansion_ratio_max:,} times: "
            f"stopped after {out_bytes:,} bytes"
        )
    if out_bytes > reading.expanded_bytes_max:
        raise ExpansionError(f"{name} data expands to over {reading.expanded_bytes_max:,} bytes")


def _reason(error: Exception) -> str:
    # Only the library's own words: none of them quotes the data.
    return type(error).__name__ if isinstance(error, ValueError) else str(error)[:80]


class PieceReader(io.RawIOBase):
    """Pieces of bytes as a file, so that lines can be read from it."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
