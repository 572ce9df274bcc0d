"""no-leak: under steady traffic no component goes on growing: memory, open files, what it stores.

The first half of the load is for warming up: caches fill, and SQS remembers five minutes of
deduplication ids. The second half is cut into quarters; something grows when the median of every
quarter is well above that of the one before, and the last is further above the first than noise
can take it. What a component stores for each email (SQS's log, the worker's ledger of deliveries)
may grow with the emails, but not faster and faster.
"""

import itertools
from typing import NamedTuple

from compliance.history import History
from compliance.verdict import Offence, Verdict, decide
from scenarios.evidence import Phase

CLAIM = "no-leak"

COMPONENTS = ("api", "worker", "sqs", "sink")
QUARTERS = 4
SAMPLES_MIN = 5  # in each quarter
# A leak of 100 bytes an email shows within 40,000 emails; the allocator's own steps are smaller.
MEMORY_GROWTH_MAX_BYTES = 4 * 1024 * 1024
FILES_GROWTH_MAX = 8
# How much more the last quarter may store for an email than the first.
STORED_RATIO_MAX = 2.0
STORED_SLACK_BYTES = 1024 * 1024  # one checkpoint of a log that is begun anew now and then

MEDIANS = """
    select least(floor((at_s - $from_s) / $quarter_s), $quarters - 1)::int as quarter,
           median(value), count(*), min(value), max(value)
    from metrics where source = $source and name = $name and at_s between $from_s and $until_s
    group by quarter order by quarter
"""
DELIVERED = "select count(*) from sink where at_s >= $from_s and at_s < $until_s"


class _Quarter(NamedTuple):
    median: float
    samples: int
    least: float
    most: float


def check(history: History) -> Verdict:
    phase = history.record.phase("load")
    offences: list[Offence] = []
    reasons: list[str] = []
    figures: dict[str, float | int | str] = {}
    if phase is None:
        reasons.append("the load never began")
    else:
        for component in COMPONENTS:
            reasons += _unmeasured(history, phase, component)
            for name, growth_max in (
                ("memory_bytes", MEMORY_GROWTH_MAX_BYTES),
                ("open_files", FILES_GROWTH_MAX),
            ):
                quarters = _quarters(history, phase, component, name)
                if not quarters:
                    continue
                figures[f"{component}_{name}"] = int(quarters[-1].median)
                growth = quarters[-1].median - quarters[0].median
                if _rises(quarters, growth_max) and growth > growth_max:
                    what = f"{name} rose by {growth:,.0f} in the second half of the load"
                    offences.append(Offence(id=component, what=what))
            offences += _stored_faster(history, phase, component)
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(len(offences), reasons),
        summary=_summary(offences, figures),
        figures=figures,
        offences=offences,
        offence_count=len(offences),
        reasons=reasons,
    )


def _summary(offences: list[Offence], figures: dict[str, float | int | str]) -> str:
    if offences:
        return "; ".join(f"{offence.id}: {offence.what}" for offence in offences)
    memory = [
        f"{component} {figures[f'{component}_memory_bytes'] / 2**20:.0f} MiB"  # type: ignore[operator]
        for component in COMPONENTS
        if f"{component}_memory_bytes" in figures
    ]
    return "nothing went on growing; at the end " + (", ".join(memory) or "nobody measured")


def _unmeasured(history: History, phase: Phase, component: str) -> list[str]:
    found = []
    for name in ("memory_bytes", "open_files"):
        samples = min(
            (quarter.samples for quarter in _quarters(history, phase, component, name)), default=0
        )
        if samples < SAMPLES_MIN:
            found.append(f"{name} of {component} was not measured often enough")
    return found


def _quarters(history: History, phase: Phase, component: str, name: str) -> list[_Quarter]:
    """Of the second half of the load; empty when one of them has no sample."""
    from_s = (phase.start_s + phase.end_s) / 2
    rows = history.rows(
        MEDIANS,
        source=component,
        name=name,
        from_s=from_s,
        until_s=phase.end_s,
        quarter_s=(phase.end_s - from_s) / QUARTERS,
        quarters=QUARTERS,
    )
    return [_Quarter(*row[1:]) for row in rows] if len(rows) == QUARTERS else []


def _rises(quarters: list[_Quarter], growth_max: float) -> bool:
    """Whether each quarter adds its share; one step up, among noise, is no leak."""
    step_min = growth_max / (2 * (QUARTERS - 1))
    return all(
        later.median - earlier.median > step_min for earlier, later in itertools.pairwise(quarters)
    )


def _stored_faster(history: History, phase: Phase, component: str) -> list[Offence]:
    """Whether it stores more and more for each email."""
    quarters = _quarters(history, phase, component, "stored_bytes")
    if not quarters:
        return []
    first, last = (
        (quarters[n].most - quarters[n].least) / max(1, _delivered(history, phase, n))
        for n in (0, QUARTERS - 1)
    )
    emails = _delivered(history, phase, QUARTERS - 1)
    if (last - STORED_RATIO_MAX * first) * emails <= STORED_SLACK_BYTES:
        return []
    what = f"stores {last:,.0f} bytes an email at the end, {first:,.0f} at half time"
    return [Offence(id=component, what=what)]


def _delivered(history: History, phase: Phase, quarter: int) -> int:
    from_s = (phase.start_s + phase.end_s) / 2
    quarter_s = (phase.end_s - from_s) / QUARTERS
    start_s = from_s + quarter * quarter_s
    return int(history.one(DELIVERED, from_s=start_s, until_s=start_s + quarter_s))
