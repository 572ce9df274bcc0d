"""Append-only journals: one JSON object a line, on the disk cache as soon as it happened.

Each row is one unbuffered write, so a killed process leaves every event it lived through and at
most one torn last line. A journal is an audit trail for a protected place, not a log: it may
name message ids and digests, never a recipient or a text.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import orjson


class Journal(Protocol):
    """Where a component writes down what it did."""

    def write(self, **row: object) -> None:
        """Record one event. `at_s` is the time on the process's monotonic clock."""
        ...


class NullJournal:
    """For a component that nobody audits."""

    def write(self, **row: object) -> None:
        del row


class FileJournal:
    """A journal in a file that may already hold earlier rows, as after a restart."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when the file cannot be opened for appending."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, **row: object) -> None:
        left = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        while left:  # a nearly full disk takes part of a line
            left = left[os.write(self._fd, left) :]

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
