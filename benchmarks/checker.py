"""Judging a long run: how long, in how much memory, and whether that grows in step with the run.

On synthetic runs of growing size; each email has six events that are judged, and three more of the
worker. Growth is told in CPU time, which a busy machine disturbs less.
"""

import json
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks import commands
from benchmarks.figures import Row, Table
from benchmarks.stage import Bench, Stage
from benchmarks.synthetic_run import write_run

SIZES, QUICK_SIZES = (1_000_000, 3_000_000, 10_000_000), (30_000, 100_000)
REPEATS = 2
MARGIN_S = 60.0


@dataclass(frozen=True)
class Judged:
    """One judging. Times are without the start-up of the program, memory is with it."""

    elapsed_s: float
    cpu_s: float
    rss_peak_bytes: int

    @classmethod
    def of(cls, run: Path, timeout_s: float) -> Self:
        """Raises BenchError unless the run is judged in time, and verified."""
        finished = commands.run(
            [sys.executable, "-m", "benchmarks.judging", str(run)],
            log=run.with_suffix(".log"),
            timeout_s=timeout_s,
        )
        told = json.loads(finished.output)
        return cls(told["elapsed_s"], told["cpu_s"], finished.rss_peak_bytes)


def run(stage: Stage) -> Iterator[Table]:
    """Raises BenchError when a healthy run is not judged to be verified."""
    sizes = QUICK_SIZES if stage.is_quick else SIZES
    judged: dict[int, list[Judged]] = {}
    for emails in sizes:
        stage.say(f"writing a run of {emails:,} emails")
        folder = stage.folder / f"{emails}-emails"
        write_run(folder, emails)
        judged[emails] = []
        for _ in range(REPEATS):
            stage.say(f"judging {emails:,} emails")
            judged[emails].append(Judged.of(folder, stage.left_s() + MARGIN_S))
            if 3 * judged[emails][-1].elapsed_s > stage.left_s():
                break  # a second time would not tell enough for what it takes
    yield rates(judged)
    yield memory(judged)
    yield growth(judged)


def rates(judged: dict[int, list[Judged]]) -> Table:
    """Emails judged a second."""
    rows = [
        Row(
            name=f"{emails:,} emails",
            unit="emails/s",
            samples=tuple(emails / each.elapsed_s for each in times),
            note=f"{times[-1].elapsed_s:.1f} s, {emails / times[-1].cpu_s:,.0f} a CPU second",
        )
        for emails, times in judged.items()
    ]
    return Table(title="Judging", rows=rows, reference=rows[0].name)


def memory(judged: dict[int, list[Judged]]) -> Table:
    """The most memory that the judging process held."""
    rows = [
        Row(
            name=f"{emails:,} emails",
            unit="MB",
            samples=tuple(each.rss_peak_bytes / 1e6 for each in times),
        )
        for emails, times in judged.items()
    ]
    return Table(title="Peak memory of judging", rows=rows, reference=rows[0].name)


def growth(judged: dict[int, list[Judged]]) -> Table:
    """CPU time against size, each size beside the smallest: 1 is linear."""
    cpu_s = {
        emails: statistics.median(each.cpu_s for each in times) for emails, times in judged.items()
    }
    smallest, *others = judged
    rows = []
    for emails in others:
        times_as_long = cpu_s[emails] / cpu_s[smallest]
        rows.append(
            Row(
                name=f"{emails / smallest:.3g} times the emails",
                unit="x linear",
                samples=(times_as_long * smallest / emails,),
                note=f"{times_as_long:.1f} times the CPU time; 1 is linear",
            )
        )
    return Table(title="Growth of judging", rows=rows)


CHECKER = Bench(
    name="checker",
    summary="time and memory of judging a synthetic history of up to ten million emails",
    budget_s=240,
    quick_budget_s=30,
    run=run,
)
