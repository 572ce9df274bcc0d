"""Whether a trial met the objective, or whether its rate was offered at all.

A trial whose generator was off although senders were free says nothing of the service. Where all
senders were waiting for answers the service was too slow for them: it missed.
"""

from dataclasses import dataclass

from compliance.capacity.figures import TrialFigures, no_figures, read_figures
from compliance.capacity.limit import Limit, find_limit
from compliance.history import History
from scenarios.base import Model
from scenarios.model import EmailLoad

WAITING_SHARE = 0.95  # of the senders under way at once: none was free for what was due
NOISE_EMAILS = 3.0  # that a mean backlog moves by without a cause


class Objective(Model):
    """What a rate has to hold to be within capacity."""

    accept_p99_ms: float = 1_000.0  # from the intended time to the 202
    delivery_p99_ms: float = 5_000.0  # from the intended time to the delivery
    growth_max: float = 0.005  # of a backlog, as a share of the rate
    late_p99_ms: float = 50.0  # of the generator


@dataclass(frozen=True)
class TrialVerdict:
    """One trial, judged. Without `missed` and `doubts` the objective is met."""

    figures: TrialFigures
    missed: list[str]  # why the objective is not met
    doubts: list[str]  # why the rate was not really offered
    limit: Limit | None  # None where the objective is met


def judge_trial(history: History, objective: Objective, *, cpu_count: int) -> TrialVerdict:
    """Raises ValueError for an experiment that did not offer emails at one rate."""
    load, phase = history.scenario.load, history.record.phase("load")
    if not isinstance(load, EmailLoad) or load.stages:
        raise ValueError(f"{history.record.name}: a trial offers emails at one rate")
    if phase is None:
        why = [history.record.interrupted or "the load never began"]
        return TrialVerdict(no_figures(load.rate_per_s), [], why, None)
    figures = read_figures(history, load, phase.start_s)
    doubts = late(history, figures, objective)
    missed = [] if doubts else _missed(history, load, figures, objective)
    if not missed and not doubts:
        return TrialVerdict(figures, [], [], None)
    limit = find_limit(figures, cpu_count, was_offered=not doubts)
    return TrialVerdict(figures, missed, doubts, limit)


def late(history: History, figures: TrialFigures, objective: Objective) -> list[str]:
    """Why the rate was not offered; senders that all wait are the service's doing."""
    found = [history.record.interrupted] if history.record.interrupted else []
    if figures.late_p99_ms > objective.late_p99_ms and figures.senders_waiting < WAITING_SHARE:
        found.append(
            f"the generator was {figures.late_p99_ms:.0f} ms late (p99) with senders to spare"
        )
    return found


def _missed(
    history: History, load: EmailLoad, figures: TrialFigures, objective: Objective
) -> list[str]:
    found = []
    for what, p99_ms, limit_ms in (
        ("acceptance", figures.accept_p99_ms, objective.accept_p99_ms),
        ("delivery", figures.delivery_p99_ms, objective.delivery_p99_ms),
    ):
        if p99_ms is None:
            found.append(f"{what}: over 1 % of the emails never came so far")
        elif p99_ms > limit_ms:
            found.append(f"p99 of {what} {p99_ms:,.0f} ms, over {limit_ms:,.0f} ms")
    apart_s = load.duration_s / 2
    growth_max = max(objective.growth_max * figures.offered_per_s, NOISE_EMAILS / apart_s)
    for what, growth_per_s in (
        ("accepted", figures.accept_growth_per_s),
        ("delivered", figures.delivery_growth_per_s),
    ):
        if growth_per_s > growth_max:
            found.append(f"what is not yet {what} grows by {growth_per_s:,.1f}/s")
    if figures.lost:
        found.append(f"{figures.lost:,} emails lost")
    if not history.record.drained:
        found.append("the backlog did not drain in time")
    return found
