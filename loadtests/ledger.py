"""Writing ledgers while the load runs: one event, one unbuffered line.

An `invoke` is on the disk cache before its request leaves, so that even a killed generator leaves
no email that was sent and never mentioned.
"""

import json
import os
import time
from pathlib import Path


class LedgerWriter:
    """Appends rows to one of the ledgers of `scenarios.evidence`."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when the file cannot be opened."""
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, **row: object) -> None:
        """Append one event; `at_s` is now unless the row brings its own."""
        row.setdefault("at_s", time.monotonic())
        self.append(json.dumps(row, separators=(",", ":")).encode() + b"\n")

    def append(self, lines: bytes) -> None:
        """Append whole lines as they are."""
        left = lines
        while left:  # a nearly full disk takes part of a line
            left = left[os.write(self._fd, left) :]

    def close(self) -> None:
        os.close(self._fd)
