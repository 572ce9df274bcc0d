"""What sources hand out, and what is said about them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from compliance.pii.printable import printable


class Line(NamedTuple):
    """One line without its end, NULs and terminal escapes."""

    source: str
    number: int  # from 1, in the file as it is stored
    data: bytes
    opening: bytes = b""  # the first line of its record, when this line continues one


@dataclass(frozen=True)
class Note:
    """Something about a source that a reader of the report should know."""

    source: str
    what: str


@dataclass
class Tally:
    """What was read, and what was not. `skipped` means lost coverage, `notes` do not."""

    lines_read: int = 0
    bytes_read: int = 0
    sources: list[str] = field(default_factory=list)
    skipped: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def skip(self, source: str, why: str) -> None:
        """Say that something was not read."""
        self.skipped.append(Note(printable(source), why))

    def note(self, source: str, what: str) -> None:
        """Say something that cost no coverage."""
        self.notes.append(Note(printable(source), what))
