"""Where a configuration fell behind, and what held it up there.

A rate that was not reached says something about the configuration only when the quota, or a message
group, held it; a late generator or cores that were all taken say something about this machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from compliance.capacity.limit import Kind
from compliance.capacity.limit import find_limit as limit_of
from reports.compare.figures import Stage

CARRIED_SHARE = 0.98  # of the emails of a stage: fewer, and it is held up
BUSY_SHARE = 0.9  # of all cores: taken, by whatever it may be
LATE_P99_MS_MAX = 50.0  # of the generator; more, and the rate was not offered as planned
# Of the calls of one kind. Sends that come in bunches, because they are late, meet a quota now and
# then; so many throttled calls mean that the rate was above it, late or not.
THROTTLED_SHARE = 0.1
OF_ITS_OWN: frozenset[Kind] = frozenset({"quota", "message-group"})
NOT_JUDGED: Literal["not judged"] = "not judged"
NO_CALM_STAGE = "the load had no stage without faults, or was stopped before it"


@dataclass(frozen=True)
class Held:
    """The first rate that a configuration did not carry, and why."""

    stage: Stage
    kind: Kind
    what: str

    @property
    def is_its_own(self) -> bool:
        """Whether it says something about the configuration."""
        return self.kind in OF_ITS_OWN


# None: all that was offered came through in every stage that tells.
Limit = Held | Literal["not judged"] | None


def is_telling(limit: Limit) -> bool:
    """Whether what was reached says something about the configuration."""
    return limit is None or (isinstance(limit, Held) and limit.is_its_own)


def find_limit(stages: Sequence[Stage], cpu_count: int) -> Limit:
    """Stages with faults, and those that never came because the load was stopped, tell nothing."""
    telling = [stage for stage in stages if stage.is_calm and stage.emails]
    if not telling:
        return NOT_JUDGED
    for stage in sorted(telling, key=lambda stage: stage.planned_per_s):
        if stage.carried_share < CARRIED_SHARE:
            limit = limit_of(stage, cpu_count, was_offered=_was_offered(stage))
            if limit.kind == "unknown" and _is_busy(stage, cpu_count):
                others = "this machine, with work of others as well"
                return Held(stage, "machine", f"{others}: {stage.busy_cores:.1f} cores taken")
            return Held(stage, limit.kind, limit.what)
    return None


def _was_offered(stage: Stage) -> bool:
    is_late = stage.late_p99_ms is not None and stage.late_p99_ms > LATE_P99_MS_MAX
    return not is_late or max(stage.throttled.values(), default=0.0) >= THROTTLED_SHARE


def _is_busy(stage: Stage, cpu_count: int) -> bool:
    return stage.busy_cores is not None and stage.busy_cores >= BUSY_SHARE * cpu_count
