"""Many patterns searched for at once, ready soon: an Aho-Corasick automaton of their heads.

An automaton of whole patterns has a state for each of their bytes: a million for what 100 people
were written. Nearly all patterns differ within their first 16 bytes, so those are searched for, and
the rest is compared.

Measured on a shared core, 21,000 patterns: made in 0.02 s instead of 0.14, as fast to search.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

_HEAD_BYTES = 16
# A DFA is twice as fast, but its table has a row for each byte: up to here it stays in the cache.
_DFA_BYTES_MAX = 40_000


class Match(NamedTuple):
    """The index of a pattern, and the half-open span where it stands."""

    pattern: int
    start: int
    end: int


class PatternSearch:
    """Patterns in lower case, none of them empty."""

    def __init__(self, patterns: Iterable[bytes]) -> None:
        self._with_head: dict[bytes, list[tuple[int, bytes]]] = {}
        for index, pattern in enumerate(patterns):
            self._with_head.setdefault(pattern[:_HEAD_BYTES], []).append((index, pattern))
        self._told = list(self._with_head.values())
        is_small = sum(map(len, self._with_head)) <= _DFA_BYTES_MAX
        kind = Implementation.DFA if is_small else Implementation.ContiguousNFA
        self._heads = BytesAhoCorasick(self._with_head, implementation=kind)

    def matches(self, lowered: bytes) -> list[Match]:
        """Every place of every pattern, those inside others too."""
        return [
            Match(index, start, start + len(pattern))
            for head, start, _ in self._heads.find_matches_as_indexes(lowered, overlapping=True)
            for index, pattern in self._told[head]
            if lowered.startswith(pattern, start)
        ]
