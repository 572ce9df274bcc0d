"""Canaries that a log shows in part: j***@e***, J*** D***, ***-***-0142.

Masking is what a log should do, so these are notes and no leak; a mask that shows much of a value,
or the only one that fits it, is worth a look all the same.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from compliance.pii.canaries import Canary

FORM = "partial mask"
SIGN = b"**"  # stands in every mask
_KINDS = frozenset({"email", "person", "phone", "card", "iban"})
_SHOWN_MIN = 2  # letters and digits that a mask has to show
_PIECE = r"[^\s\"'<>(),;=*\[\]{}]{0,40}"
_MASK = re.compile(rf"{_PIECE}(?:\*{{2,}}{_PIECE}){{1,4}}(?: {_PIECE}\*{{2,}}{_PIECE}){{0,3}}")
_STARS = re.compile(r"\*{2,}")
_SEPARATORS = re.compile(r"[ ().-]")


class MaskHit(NamedTuple):
    """Where a mask stands: a half-open span of bytes; and the first canary that it fits."""

    start: int
    end: int
    canary: Canary


class Masks:
    """Canaries ready to be compared with masks."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._canaries = [canary for canary in canaries if canary.kind in _KINDS]
        self._fitting = lru_cache(4096)(self._first_fitting)

    def find(self, line: bytes) -> Iterator[MaskHit]:
        """The masks of a line that fit a canary."""
        text = line.decode(errors="replace")
        for match in _MASK.finditer(text):
            mask = match.group().strip(":/\\")
            canary = self._fitting(mask)
            if canary is not None:
                start = len(text[: match.start()].encode())
                yield MaskHit(start, start + len(match.group().encode()), canary)

    def _first_fitting(self, mask: str) -> Canary | None:
        shown = sum(char.isalnum() for char in mask)
        if shown < _SHOWN_MIN or not (mask[0].isalnum() or mask[-1].isalnum() or mask[0] == "+"):
            return None
        has_digits_only = not any(char.isalpha() for char in mask)
        pieces = [
            _SEPARATORS.sub("", piece) if has_digits_only else piece
            for piece in _STARS.split(mask.casefold())
        ]
        wanted = re.compile(".*".join(map(re.escape, pieces)), re.DOTALL)
        for canary in self._canaries:
            value = canary.value.casefold()
            if wanted.fullmatch(_SEPARATORS.sub("", value) if has_digits_only else value):
                return canary
        return None
