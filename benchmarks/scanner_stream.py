"""Whether the log scanner's memory grows with what it reads: a stream through a pipe.

What looks for canaries alone reads gigabytes, in which only ids, times and numbers are new. What
looks for everything reads less in its time, but lines that go on to be of new shapes.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil

from benchmarks.figures import BenchError, Row, Table, at_most
from benchmarks.log_lines import log_lines
from benchmarks.stage import Bench, Stage
from scenarios.arrivals import canaries, synthetic_people

PEOPLE, SHARE = 100, 0.003
BLOCK_LINES = 4_000  # about a megabyte
BLOCKS = 16  # of the stream that repeats
SETTLED_SHARE = 0.1  # of the stream: by then all is loaded, and buffers are as large as they get
GROWTH_MAX = 1.1
STOP_TIMEOUT_S = 120.0
EXIT_CODES = (0, 1)


@dataclass(frozen=True)
class Limit:
    """How much is written: so many bytes, or for so long."""

    size_bytes: int
    seconds: float


@dataclass
class Memory:
    """A scanner's resident memory while it reads."""

    marks: list[tuple[int, int]] = field(default_factory=list)  # bytes written, bytes resident

    def at(self, written_bytes: float) -> int:
        return next(rss for written, rss in self.marks if written >= written_bytes)

    @property
    def written_bytes(self) -> int:
        return self.marks[-1][0]

    @property
    def growth(self) -> float:
        """The last third of the stream's peak, to what it was when it had settled."""
        late = max(rss for written, rss in self.marks if written >= self.written_bytes * 2 / 3)
        return late / self.at(self.written_bytes * SETTLED_SHARE)


def run(stage: Stage) -> Iterator[Table]:
    """Raises BenchError when the scanner ends before its input does."""
    known = stage.folder / "canaries.jsonl"
    people = synthetic_people(PEOPLE, 1)
    with known.open("w", encoding="utf-8") as file:
        file.writelines(
            json.dumps({"kind": kind, "value": value}) + "\n" for kind, value in canaries(people)
        )

    def block(seed: int) -> bytes:
        lines = log_lines(BLOCK_LINES, people=people, share=SHARE, seed=seed)
        return "".join(f"{line}\n" for line in lines).encode()

    blocks = [block(seed) for seed in range(BLOCKS)]
    size_bytes, alone_s, all_s = (1 << 30, 12, 10) if stage.is_quick else (10 << 30, 130, 35)
    argv = [sys.executable, "-m", "compliance.pii", "-", "--canaries", str(known)]
    stage.say("a stream, canaries only")
    alone = _fed(
        stage.folder / "alone.txt",
        [*argv, "--canaries-only"],
        (blocks[number % BLOCKS] for number in count()),
        Limit(size_bytes, alone_s),
    )
    stage.say("a stream, everything")
    everything = _fed(
        stage.folder / "all.txt",
        argv,
        (block(BLOCKS + number) for number in count()),
        Limit(size_bytes, all_s),
    )
    rows = [_row("canaries only", alone), _row("everything", everything)]
    yield Table(title="Memory while a stream is read, late to early", rows=rows)


def _row(name: str, memory: Memory) -> Row:
    settled = memory.written_bytes * SETTLED_SHARE
    note = (
        f"{memory.at(settled) / 1e6:,.0f} MB after {settled / 1e9:.2f} GB, "
        f"{memory.marks[-1][1] / 1e6:,.0f} MB after {memory.written_bytes / 1e9:.2f} GB"
    )
    return Row(
        name=name, unit="x", samples=(memory.growth,), goals=(at_most(GROWTH_MAX),), note=note
    )


def _fed(log: Path, argv: list[str], blocks: Iterator[bytes], limit: Limit) -> Memory:
    """Write blocks to a program until the size or the time is reached."""
    memory = Memory()
    with log.open("wb") as out:
        scanner = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=out, stderr=out)
        assert scanner.stdin is not None
        try:
            watched = psutil.Process(scanner.pid)
            ends_s, written = time.monotonic() + limit.seconds, 0
            for data in blocks:
                scanner.stdin.write(data)
                written += len(data)
                memory.marks.append((written, watched.memory_info().rss))
                if written >= limit.size_bytes or time.monotonic() > ends_s:
                    break
            scanner.stdin.close()
            exit_code = scanner.wait(STOP_TIMEOUT_S)
        except (OSError, psutil.Error, subprocess.TimeoutExpired) as error:
            raise BenchError(f"the scanner: {error}; see {log}") from error
        finally:
            with contextlib.suppress(OSError):  # what is not written yet has no reader
                scanner.stdin.close()
            scanner.kill()
            scanner.wait()
    if exit_code not in EXIT_CODES:
        raise BenchError(f"the scanner ended with exit code {exit_code}; see {log}")
    return memory


SCANNER_STREAM = Bench(
    name="scanner-stream",
    summary="the log scanner's memory while it reads up to 10 GB from a pipe",
    budget_s=190,
    quick_budget_s=40,
    run=run,
)
