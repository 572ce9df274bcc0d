"""What a pattern rule is given to judge, and what it answers."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

from compliance.pii.third_party import presidio

CONTEXT_CHARS = 32


class PatternHit(NamedTuple):
    """What a rule found in one leaf. `value` never leaves the scanner."""

    entity: str  # as Presidio names it
    value: str
    confidence: float
    level: str  # error | warning


class Candidate(NamedTuple):
    """A piece of a leaf, with the text directly before it and the leaf's JSON key."""

    value: str
    before: str
    key: str

    def is_named(self, words: re.Pattern[str]) -> bool:
        """Whether the key or the text before says what the value is."""
        return words.search(self.key) is not None or words.search(self.before) is not None


def candidates(shape: re.Pattern[str], text: str, key: str) -> Iterator[Candidate]:
    """Every piece of the text with that shape."""
    for match in shape.finditer(text):
        start = match.start()
        yield Candidate(match.group(), text[max(0, start - CONTEXT_CHARS) : start], key)


@cache
def recognizer(name: str, *options: tuple[str, Any]) -> Any:
    """One of Presidio's recognizers, built once with these options."""
    return getattr(presidio(), name)(**dict(options))


@lru_cache(20_000)
def takes_whole(text: str, name: str, *options: tuple[str, Any]) -> bool:
    """Whether that recognizer finds its entity in the text from end to end."""
    judge = recognizer(name, *options)
    results = judge.analyze(text, judge.supported_entities, None)
    return any(result.start == 0 and result.end == len(text) for result in results)
