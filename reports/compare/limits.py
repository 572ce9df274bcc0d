"""What held a configuration up: the queue's quota, the generator, or this machine's cores.

A rate that was not reached says something about the configuration only when the quota held it; a
generator that was late or cores that were all taken say something about the machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.compare.figures import Stage

REACHED_SHARE = 0.97  # of what was offered: less is held up
THROTTLED_SHARE = 0.1  # of the emails offered: more throttled calls than that are the quota
LATE_P99_MS_MAX = 50.0
CORE_TAKEN = 0.92  # of a core by one process, which has no more of it
CORES_TAKEN = 0.9  # of all cores together

Held = Literal["quota", "generator", "cores", "process", "unknown"]


@dataclass(frozen=True)
class Limit:
    """Where a configuration fell behind, and by what."""

    stage: Stage
    held: Held
    what: str


def find_limit(stages: Sequence[Stage], cpu_count: int) -> Limit | None:
    """None when all that was offered came through in every stage."""
    for stage in sorted(stages, key=lambda stage: stage.planned_per_s):
        if stage.is_calm and stage.reached_per_s < REACHED_SHARE * stage.offered_per_s:
            held, what = _held(stage, cpu_count)
            return Limit(stage, held, what)
    return None


def _held(stage: Stage, cpu_count: int) -> tuple[Held, str]:
    cores = f"{stage.cpu_cores:.1f} of {cpu_count} cores taken"
    greediest = max(stage.cpu, key=lambda name: stage.cpu[name], default="")
    if stage.throttled_calls > THROTTLED_SHARE * stage.emails:
        return "quota", f"the queue's quota: {stage.throttled_calls:,} calls throttled; {cores}"
    if stage.late_p99_ms is not None and stage.late_p99_ms > LATE_P99_MS_MAX:
        return "generator", f"the load generator, {stage.late_p99_ms:,.0f} ms late (p99); {cores}"
    if stage.cpu_cores >= CORES_TAKEN * cpu_count:
        return "cores", f"this machine: {cores}"
    if greediest and stage.cpu[greediest] >= CORE_TAKEN:
        return "process", f"{greediest}, which took {stage.cpu[greediest]:.2f} of a core; {cores}"
    return "unknown", f"neither quota nor generator nor cores; {cores}"
