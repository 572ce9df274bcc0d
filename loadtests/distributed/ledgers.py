"""Where a worker's rows go: into the master's ledgers at once, or there in the end."""

import json
from collections.abc import Iterator
from pathlib import Path

from loadtests.distributed.clocks import Offset

# Names the master's own folder to workers on its host. They have its clock, and append whole
# lines to its ledgers, so that even a killed worker leaves no email that is not mentioned.
LEDGERS_ENV = "QUEUEPROOF_LEDGERS"
NAMES = frozenset({"sender", "calls", "sink"})  # what a load records; others are not a worker's
CHUNK_BYTES = 1 << 20  # of one message
MOMENTS = ("at_s", "intended_s", "completed_s")  # columns that hold a time of the worker's clock


def chunks(path: Path) -> Iterator[bytes]:
    """A ledger in whole lines, about CHUNK_BYTES each; a torn last line is left out."""
    with path.open("rb") as file:
        while lines := file.readlines(CHUNK_BYTES):
            yield b"".join(line for line in lines if line.endswith(b"\n"))


def on_our_clock(lines: bytes, offset: Offset) -> bytes:
    """The same rows with all moments on our clock."""
    told = []
    for line in lines.splitlines():
        row = json.loads(line)
        for name in MOMENTS:
            if row.get(name) is not None:
                row[name] = offset.ours(row[name])
        told.append(json.dumps(row, separators=(",", ":")).encode() + b"\n")
    return b"".join(told)
