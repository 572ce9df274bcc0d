"""What a search found, as a value that can be kept, and as text."""

import json
import math
from pathlib import Path

from compliance.capacity.figures import TrialFigures
from compliance.capacity.objective import Objective
from loadtests.capacity.search import Capacity, Kind
from queueproof.capacity.trials import Trials, Tried, Work
from scenarios.base import Model

FILE = "capacity.json"
WORDS = {
    Kind.FOUND: "",
    Kind.AT_LEAST: "at least: no higher rate was asked for",
    Kind.GENERATOR_BOUND: "generator-bound, so not a capacity: more could not be offered",
    Kind.BELOW_FLOOR: "not even the lowest rate was held",
    Kind.OUT_OF_TRIALS: "the trials ran out before the interval was as narrow as asked for",
}


class TrialResult(Model):
    """One trial in figures."""

    experiment: str
    rate_per_s: float
    result: str
    why: list[str]
    accepted_per_s: float
    delivered_per_s: float
    accept_p99_ms: float | None
    delivery_p99_ms: float | None
    late_p99_ms: float
    accept_growth_per_s: float  # of what waits to be accepted
    delivery_growth_per_s: float  # of what waits to be delivered
    backlog_peak: int  # messages in the queue
    drain_s: float  # after the load, until the queue was empty
    lost: int


class Found(Model):
    """The capacity of one configuration under one skew of its message groups."""

    configuration: str
    work: Work
    skew: str
    kind: Kind
    held_per_s: float  # the highest rate that is believed to be held
    low_per_s: float  # the interval that the trials leave open
    high_per_s: float | None  # None: nothing bounds it from above
    overload_per_s: float | None  # what it carried at the lowest rate that it did not hold
    limit: str  # quota, cpu, ...: what held it back there
    limit_text: str
    objective: Objective
    trials: list[TrialResult]

    @property
    def is_known(self) -> bool:
        return self.kind in {Kind.FOUND, Kind.AT_LEAST}


def found_from(capacity: Capacity, trials: Trials) -> Found:
    """What the trials of one search come to."""
    held_back = sorted(
        (
            each
            for each in trials.tried
            if each.rate_per_s > capacity.held_per_s and each.verdict.limit
        ),
        key=lambda each: each.rate_per_s,
    )
    nearest = held_back[0].verdict if held_back else None
    limit = nearest.limit if nearest else None
    high_per_s = capacity.interval.high_per_s
    return Found(
        configuration=trials.configuration[0].name,
        work=trials.work,
        skew=trials.skew,
        kind=capacity.kind,
        held_per_s=capacity.held_per_s,
        low_per_s=capacity.interval.low_per_s,
        high_per_s=None if math.isinf(high_per_s) else high_per_s,
        overload_per_s=_carried_per_s(nearest.figures) if nearest and nearest.missed else None,
        limit=limit.kind if limit else "",
        limit_text=limit.what if limit else "",
        objective=trials.objective,
        trials=[_result(each) for each in trials.tried],
    )


def _carried_per_s(figures: TrialFigures) -> float:
    return min(figures.accepted_per_s, figures.delivered_per_s)


def _result(tried: Tried) -> TrialResult:
    figures, verdict = tried.verdict.figures, tried.verdict
    return TrialResult(
        experiment=tried.name,
        rate_per_s=tried.rate_per_s,
        result=tried.result,
        why=verdict.missed or verdict.doubts,
        accepted_per_s=figures.accepted_per_s,
        delivered_per_s=figures.delivered_per_s,
        accept_p99_ms=figures.accept_p99_ms,
        delivery_p99_ms=figures.delivery_p99_ms,
        late_p99_ms=figures.late_p99_ms,
        accept_growth_per_s=figures.accept_growth_per_s,
        delivery_growth_per_s=figures.delivery_growth_per_s,
        backlog_peak=figures.backlog_peak,
        drain_s=figures.drain_s,
        lost=figures.lost,
    )


def write(folder: Path, found: list[Found]) -> str:
    """Keep it beside the evidence; returns what was written."""
    text = json.dumps([each.model_dump(mode="json") for each in found], indent=2)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
    return text


def as_text(found: Found) -> str:
    """The result, and every trial in a line."""
    spread = f", groups {found.skew}" if found.work == "emails" else ", straight at the queue"
    lines = [f"{found.configuration}{spread}: {_headline(found)}"]
    if found.overload_per_s is not None:
        lines.append(f"  beyond it, it carried {found.overload_per_s:,.1f} {found.work}/s")
    if found.limit_text:
        lines.append(f"  held back by {found.limit_text}")
    lines += ["", _row("offered/s", "result", "accepted/s", "p99 accept", "p99 deliver", "queue")]
    for trial in sorted(found.trials, key=lambda trial: trial.rate_per_s):
        lines.append(
            _row(
                f"{trial.rate_per_s:,.1f}",
                trial.result,
                f"{trial.accepted_per_s:,.1f}",
                _ms(trial.accept_p99_ms),
                _ms(trial.delivery_p99_ms),
                f"{trial.backlog_peak:,} peak, drained in {trial.drain_s:.1f} s",
            )
        )
        lines += [f"    {reason}" for reason in trial.why]
    return "\n".join(lines)


def _headline(found: Found) -> str:
    if found.kind is Kind.BELOW_FLOOR:
        return WORDS[found.kind]
    what = "emails/s" if found.work == "emails" else "calls/s of each kind"
    held = f"holds {found.held_per_s:,.1f} {what}"
    interval = f"between {found.low_per_s:,.1f} and "
    interval += "?" if found.high_per_s is None else f"{found.high_per_s:,.1f}"
    word = WORDS[found.kind]
    return f"{held} ({interval})" + (f"; {word}" if word else "")


def _row(*cells: str) -> str:
    rate, result, accepted, accept, deliver, queue = cells
    return f"  {rate:>10}  {result:<15}  {accepted:>10}  {accept:>10}  {deliver:>11}  {queue}"


def _ms(value: float | None) -> str:
    return "never" if value is None else f"{value:,.0f} ms"
