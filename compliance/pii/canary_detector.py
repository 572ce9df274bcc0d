"""Finds canaries in a line, in any of their forms, with one pass of an Aho-Corasick automaton.

Measured on a shared core: an e-mail address has about 8 patterns and takes 0.1 ms and 10 kB to make
ready, a body of 45 words about 110 patterns, 2.5 ms and 150 kB; a line takes about 1 µs to search.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick

from compliance.pii.canaries import Canary
from compliance.pii.forms import Form, forms_of

# What may stand directly before a value and is no part of a word although it ends like one:
# \n or \u201c of JSON, %20 of a URL, =20 of quoted-printable.
_ESCAPE_BEFORE = re.compile(r"(?:\\[nrtbf]|\\u[0-9a-f]{4}|[%=][0-9a-f]{2})\Z")
_NEIGHBOUR_BYTES = 8  # two characters of UTF-8, or one escape
_JOINERS = "-_."
# Between two packed windows of one value stands what encodes the white space between them.
_PACKED_GAP_BYTES_MAX = 12


class CanaryHit(NamedTuple):
    """Where a canary stands: a half-open span of bytes."""

    start: int
    end: int
    form: str
    canary: Canary


class CanaryDetector:
    """Known values, ready to be searched for."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._targets: list[list[tuple[Form, Canary]]] = []
        index_of: dict[bytes, int] = {}
        seen: set[str] = set()
        for canary in canaries:
            if canary.value in seen:
                continue
            seen.add(canary.value)
            for form in forms_of(canary.value, canary.kind):
                index = index_of.setdefault(form.pattern, len(index_of))
                if index == len(self._targets):
                    self._targets.append([])
                targets = self._targets[index]
                # Written forms of equal bytes are the same hit: the first name is the plainest.
                if all(known.exact != form.exact for known, _ in targets):
                    targets.append((form, canary))
        self.count = len(seen)
        self._automaton = BytesAhoCorasick(list(index_of)) if index_of else None

    def find(self, line: bytes) -> list[CanaryHit]:
        """The hits in order; one that lies inside another, or continues it, is part of it."""
        if self._automaton is None:
            return []
        lowered = line.lower()
        matches = self._automaton.find_matches_as_indexes(lowered, overlapping=True)
        if not matches:
            return []
        hits = [
            CanaryHit(start, end, form.name, canary)
            for index, start, end in matches
            for form, canary in self._targets[index]
            if (form.exact is None or line[start:end] == form.exact)
            and (not form.is_bounded or _stands_alone(lowered, start, end))
        ]
        return _merged(hits)


def _stands_alone(lowered: bytes, start: int, end: int) -> bool:
    before = lowered[max(0, start - _NEIGHBOUR_BYTES) : start].decode(errors="ignore")
    after = lowered[end : end + _NEIGHBOUR_BYTES].decode(errors="ignore")
    starts = not _continues(before[::-1]) or _ESCAPE_BEFORE.search(before) is not None
    return starts and not _continues(after)


def _continues(neighbours: str) -> bool:
    """Whether a word or id goes on with these characters, nearest first."""
    if neighbours[:1] and neighbours[0] in _JOINERS:
        return neighbours[1:2].isalnum()
    return neighbours[:1].isalnum()


def _merged(hits: list[CanaryHit]) -> list[CanaryHit]:
    """A hit inside another is dropped; windows of one value that follow each other become one."""
    merged: list[CanaryHit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        last = merged[-1] if merged else None
        if last is None or not _belongs_to(hit, last):
            merged.append(hit)
        elif hit.end > last.end:
            merged[-1] = last._replace(end=hit.end)
    return merged


def _belongs_to(hit: CanaryHit, last: CanaryHit) -> bool:
    if hit.end <= last.end:
        return True
    if hit.start <= last.end:  # bodies made from one template share windows
        return hit.canary.kind == last.canary.kind
    gap_bytes = hit.start - last.end
    return (
        hit.canary == last.canary and hit.form == last.form and gap_bytes <= _PACKED_GAP_BYTES_MAX
    )
