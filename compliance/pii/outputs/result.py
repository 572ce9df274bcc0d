"""One neutral result, whatever found it: a line of a log or a line of source code."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from compliance.pii.printable import printable

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")  # gravest first
_FINGERPRINT_CHARS = 32


@dataclass(frozen=True)
class Related:
    """Another place that belongs to a result, such as where a value came from."""

    path: str
    line: int  # from 1; 0 for the whole file
    column: int  # from 1; 0 when not known
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", printable(self.path))
        object.__setattr__(self, "message", printable(self.message))


@dataclass(frozen=True)
class Result:
    """What was found and where. Its texts are safe to print: control characters are escaped.

    The message must hold no personal value; nothing further on can take one out again.
    """

    rule_id: str
    level: Level
    message: str
    path: str  # of a file, relative where it can be; or the name of another source
    line: int  # from 1; 0 for the whole file
    column: int  # from 1, in characters; 0 when not known
    fingerprint: str  # made by `fingerprint`: equal after lines moved
    end_line: int | None = None
    end_column: int | None = None  # of the character after the last
    related: tuple[Related, ...] = ()
    details: Mapping[str, str | int | float] = field(default_factory=dict)  # for machines

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"level is {self.level!r}; wanted one of {', '.join(LEVELS)}")
        if self.line < 0 or self.column < 0:
            raise ValueError(f"line {self.line}, column {self.column}: wanted 0 or more")
        for name in ("rule_id", "message", "path"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    @property
    def place(self) -> str:
        """path:line:column, as far as they are known."""
        known = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.path, *known])


@dataclass(frozen=True)
class Rule:
    """What a rule looks for, for the readers of a report."""

    id: str
    summary: str
    help: str = ""


@dataclass(frozen=True)
class Unread:
    """A source that was not read, or not in full, and why."""

    path: str
    why: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", printable(self.path))
        object.__setattr__(self, "why", printable(self.why))


@dataclass(frozen=True)
class Report:
    """Everything that a writer may show."""

    tool: str  # "queueproof scan"
    version: str
    rules: tuple[Rule, ...]
    results: tuple[Result, ...]
    summary: str  # one sentence
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()  # coverage did not suffer

    def __post_init__(self) -> None:
        object.__setattr__(self, "results", _told_apart(self.results))
        object.__setattr__(self, "summary", printable(self.summary))
        object.__setattr__(self, "notes", tuple(printable(note) for note in self.notes))


def fingerprint(*parts: str) -> str:
    """The identity of a result, from what stays when lines move: never give a line number."""
    # Length before text, so that ("ab", "c") and ("a", "bc") differ.
    told = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()[:_FINGERPRINT_CHARS]


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Errors before warnings before notes; otherwise as they came."""
    return sorted(results, key=lambda result: LEVELS.index(result.level))


def _told_apart(results: Iterable[Result]) -> tuple[Result, ...]:
    """Platforms show one of equal fingerprints only, so the second gets a number of its own."""
    seen: Counter[str] = Counter()
    told: list[Result] = []
    for result in results:
        seen[result.fingerprint] += 1
        nth = seen[result.fingerprint]
        told.append(
            result
            if nth == 1
            else replace(result, fingerprint=fingerprint(result.fingerprint, str(nth)))
        )
    return tuple(told)
