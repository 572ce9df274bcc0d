"""Judging a long run: how long, in how much memory, and whether that grows in step with the run.

`queueproof judge` as a user types it, on synthetic runs; a very small run shows the start-up that
every judging pays, and is taken off before sizes are compared.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import commands
from benchmarks.commands import Finished
from benchmarks.figures import Row, Table
from benchmarks.stage import Bench, Stage
from benchmarks.synthetic_run import write_run

TINY = 1_000
SIZES, QUICK_SIZES = (100_000, 1_000_000), (20_000, 100_000)
REPEATS, QUICK_REPEATS = 3, 2
TIMEOUT_S = 120.0


def run(stage: Stage) -> Iterator[Table]:
    """Raises BenchError when a healthy run is not judged to be verified."""
    small, large = QUICK_SIZES if stage.is_quick else SIZES
    judged: dict[int, list[Finished]] = {}
    for emails in (TINY, small, large):
        stage.say(f"writing a run of {emails:,} emails")
        folder = stage.folder / f"{emails}-emails"
        write_run(folder, emails)
        repeats = QUICK_REPEATS if stage.is_quick else REPEATS
        stage.say(f"judging {emails:,} emails")
        judged[emails] = [judge_once(folder) for _ in range(repeats)]
    floor_s = _median_s(judged[TINY])
    rates, memory = [], []
    for emails in (small, large):
        each = judged[emails]
        rates.append(
            Row(
                name=f"{emails:,} emails",
                unit="emails/s",
                samples=tuple(emails / (one.elapsed_s - floor_s) for one in each),
                note=f"{_median_s(each):.2f} s, of which start-up {floor_s:.2f} s; "
                f"CPU {each[0].cpu_share:.0%} of a core",
            )
        )
        memory.append(
            Row(
                name=f"{emails:,} emails",
                unit="MB",
                samples=tuple(one.rss_peak_bytes / 1e6 for one in each),
                note=f"start-up alone {judged[TINY][0].rss_peak_bytes / 1e6:,.0f} MB",
            )
        )
    yield Table(title="Judging, start-up taken off", rows=rates, reference=rates[0].name)
    yield Table(title="Peak memory of judging", rows=memory, reference=memory[0].name)
    growth = (_median_s(judged[large]) - floor_s) / (_median_s(judged[small]) - floor_s)
    row = Row(
        name=f"{large // small} times the emails",
        unit="x linear",
        samples=(growth * small / large,),
        note=f"took {growth:.1f} times as long; 1 is linear",
    )
    yield Table(title="Growth", rows=[row])


def judge_once(folder: Path) -> Finished:
    """Raises BenchError unless the verdict is `verified`."""
    return commands.run(
        [str(Path(sys.executable).with_name("queueproof")), "judge", str(folder), "--json"],
        log=folder.with_suffix(".log"),
        timeout_s=TIMEOUT_S,
    )


def _median_s(finished: list[Finished]) -> float:
    return sorted(one.elapsed_s for one in finished)[len(finished) // 2]


CHECKER = Bench(
    name="checker",
    summary="time and memory of judging a synthetic history of up to a million emails",
    budget_s=90,
    quick_budget_s=30,
    run=run,
)
