"""Append-only journals: one JSON object a line, on the disk cache as soon as it happened.

Each row is one unbuffered write, so a killed process leaves every event it lived through and at
most one torn line; so does a disk that was full for a while. What goes on after a torn line first
ends it with TORN, which no JSON text can hold, so that readers pass over it. A journal is an
audit trail for a protected place, not a log: it may name message ids and digests, never a recipient
or a text.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import orjson

TORN = b"\x18"  # ASCII CAN: what stands before it is to be disregarded


class Journal(Protocol):
    """Where a component writes down what it did."""

    def write(self, **row: object) -> None:
        """Record one event. `at_s` is the time on the process's monotonic clock."""
        ...


class NullJournal:
    """For a component that nobody audits."""

    def write(self, **row: object) -> None:
        del row


class LossyJournal:
    """Before a journal that may be unable to write, for who must go on all the same."""

    def __init__(self, journal: Journal, on_lost: Callable[[OSError], None]) -> None:
        """`on_lost` is told of each row that could not be written."""
        self._journal = journal
        self._on_lost = on_lost

    def write(self, **row: object) -> None:
        try:
            self._journal.write(**row)
        except OSError as error:
            self._on_lost(error)


class FileJournal:
    """A journal in a file that may already hold earlier rows, as after a restart."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when the file cannot be opened for appending."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size_bytes = os.fstat(self._fd).st_size
        self._lock = threading.Lock()  # a line that is taken in parts stays one line
        self._is_torn = size_bytes > 0 and os.pread(self._fd, 1, size_bytes - 1) != b"\n"

    def write(self, **row: object) -> None:
        """Raises OSError when the row could not be written, or not to its end."""
        left = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        with self._lock:
            if self._is_torn:
                left = TORN + b"\n" + left
            while left:  # a nearly full disk takes part of a line
                left = left[os.write(self._fd, left) :]
                self._is_torn = bool(left)

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
