"""Whether the log scanner's memory grows with what it reads: a stream through a pipe.

What looks for canaries alone reads gigabytes, in which only ids, times and numbers are new. With
patterns and fields it reads less in its time. Names are left out: their model is asked once the
stream has ended, or when thousands of texts have gathered.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import psutil

from benchmarks.figures import BenchError, Goal, Row, Table, at_most
from benchmarks.log_lines import log_lines
from benchmarks.stage import Bench, Stage
from scenarios.arrivals import canaries, synthetic_people

PEOPLE, SHARE = 100, 0.003
BLOCK_LINES = 4_000  # about a megabyte
BLOCKS = 16  # then they come again
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

    def peak(self, first: float, last: float) -> int:
        """The most, from one share of the stream to another."""
        start, end = first * self.written_bytes, last * self.written_bytes
        return max(rss for written, rss in self.marks if start <= written <= end)

    @property
    def written_bytes(self) -> int:
        return self.marks[-1][0]

    @property
    def growth(self) -> float:
        """The last third's peak to the first third's, in which all is loaded."""
        return self.peak(2 / 3, 1) / self.peak(0, 1 / 3)


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
    size_bytes, alone_s, more_s = (1 << 30, 12, 10) if stage.is_quick else (10 << 30, 130, 35)
    argv = [sys.executable, "-m", "compliance.pii", "-", "--canaries", str(known)]
    stage.say("a stream, canaries only")
    alone = _fed(
        stage.folder / "alone.txt",
        [*argv, "--canaries-only"],
        cycle(blocks),
        Limit(size_bytes, alone_s),
    )
    stage.say("a stream, patterns and fields too")
    more = _fed(
        stage.folder / "more.txt",
        [*argv, "--no-ner"],
        cycle(blocks),
        Limit(size_bytes, more_s),
    )
    # A short stream is over before all is loaded: it tells nothing.
    goals = () if stage.is_quick else (at_most(GROWTH_MAX),)
    rows = [
        _row("canaries only", alone, goals),
        _row("patterns and fields too", more, goals),
    ]
    yield Table(title="Memory while a stream is read, late to early", rows=rows)


def _row(name: str, memory: Memory, goals: tuple[Goal, ...]) -> Row:
    note = (
        f"at most {memory.peak(0, 1 / 3) / 1e6:,.0f} MB in the first third, "
        f"{memory.peak(2 / 3, 1) / 1e6:,.0f} MB in the last of {memory.written_bytes / 1e9:.2f} GB"
    )
    return Row(name=name, unit="x", samples=(memory.growth,), goals=goals, note=note)


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
