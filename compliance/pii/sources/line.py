"""What sources hand out, and what is said about them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from compliance.pii.printable import printable


class Window(NamedTuple):
    """What of a long line is here: the parts of a line overlap, but what begins from `first` up to
    `end` is this part's to tell.
    """

    characters_before: int
    first: int
    end: int


class Line(NamedTuple):
    """One line, or a part of one that is too long, without its end, NULs and terminal escapes."""

    source: str
    number: int  # from 1, in the file as it is stored
    data: bytes
    opening: bytes = b""  # the first line of its record, when this line continues one
    window: Window | None = None  # when it is a part

    @property
    def goes_on(self) -> bool:
        """Whether it is a part, and not the first one."""
        return self.window is not None and self.window.characters_before > 0

    def owns(self, start: int) -> bool:
        """Whether what begins at this byte is to be told of here."""
        return self.window is None or self.window.first <= start < self.window.end

    def owns_value(self, value: bytes) -> bool:
        """Whether a value is to be told of here; one that shows only after decoding always is."""
        if self.window is None or value not in self.data:
            return True
        return self.data.find(value, self.window.first, self.window.end + len(value) - 1) >= 0


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
