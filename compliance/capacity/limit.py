"""What held a rate back: what is certain is named before what is likely."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

THROTTLED_SHARE = 0.001  # of a family's calls: fewer are a bunch of arrivals, not a limit
MACHINE_SHARE = 0.9  # of all cores together
BUSY_SHARE = 0.85  # of a core: a process of one interpreter has hardly more to give
HOT_SHARE = 0.5  # of the backlog in one message group

Kind = Literal["quota", "machine", "cpu", "generator", "message-group", "unknown"]


class Measured(Protocol):
    """What has to be known of a stretch of load at one rate."""

    @property
    def cpu(self) -> Mapping[str, float]:
        """Cores, by component."""

    @property
    def throttled(self) -> Mapping[str, float]:
        """Share of the calls, by queue and family."""

    @property
    def admitted_per_s(self) -> Mapping[str, float]:
        """By queue and family."""

    @property
    def hottest_share(self) -> float:
        """Of what waits at the end, in one message group."""


@dataclass(frozen=True)
class Limit:
    kind: Kind
    what: str


def find_limit(figures: Measured, cpu_count: int, *, was_offered: bool) -> Limit:
    """Of a rate that was not held, or that the generator did not offer."""
    return next(_likely(figures, cpu_count, was_offered))


def _likely(figures: Measured, cpu_count: int, was_offered: bool) -> Iterator[Limit]:
    taken = f"{sum(figures.cpu.values()):.1f} of {cpu_count} cores taken"
    is_machine_full = sum(figures.cpu.values()) >= MACHINE_SHARE * cpu_count
    if not was_offered:
        if is_machine_full:
            yield Limit("machine", f"this machine: {taken}")
        yield Limit("generator", f"the generator; {taken}")
    worst = max(figures.throttled, key=lambda name: figures.throttled[name], default="")
    if worst and figures.throttled[worst] > THROTTLED_SHARE:
        yield Limit(
            "quota",
            f"quota of {worst} calls: {figures.admitted_per_s.get(worst, 0.0):,.1f}/s admitted, "
            f"{figures.throttled[worst]:.1%} of the calls throttled",
        )
    if is_machine_full:
        yield Limit("machine", f"this machine: {taken}")
    busiest = max(figures.cpu, key=lambda name: figures.cpu[name], default="")
    if busiest and figures.cpu[busiest] >= BUSY_SHARE:
        yield Limit("cpu", f"{busiest}: {figures.cpu[busiest]:.2f} of a core taken")
    if figures.hottest_share > HOT_SHARE:
        yield Limit(
            "message-group",
            f"one message group holds {figures.hottest_share:.0%} of the backlog, "
            "and a group is worked off one batch at a time",
        )
    yield Limit("unknown", f"neither quota nor cores: {taken}")
