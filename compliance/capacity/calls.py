"""A trial of direct calls to SQS: what the queue itself admits, without a service around it.

Sends stand for acceptance and receives for delivery; deletes are looked at like both. A call
that is throttled was not held, so the share of such calls is what a quota shows first.
"""

from compliance.capacity.figures import TrialFigures, no_figures
from compliance.capacity.limit import find_limit
from compliance.capacity.objective import Objective, TrialVerdict, late
from compliance.history import History
from scenarios.evidence import Phase
from scenarios.model import CALLED_ACTIONS, SqsCallLoad

THROTTLED_SHARE_MAX = 0.003  # a stall of the generator sends a bunch that a small bucket refuses

CALLS = """
    select count(*), count(*) filter (outcome = 'admitted'),
        count(*) filter (outcome = 'throttled'), count(*) filter (outcome = 'error'),
        coalesce(quantile_disc(completed_s - intended_s, 0.99), 0) * 1000,
        count(*) filter (outcome = 'admitted' and at_s >= $half_s and at_s < $end_s)
    from calls where action = $action
"""
LATE = "select quantile_cont(abs(at_s - intended_s), 0.99) * 1000 from calls"
UNDER_WAY = """
    with ends as (select at_s as moment_s, 1 as step from calls
                  union all select completed_s, -1 from calls where completed_s is not null)
    select max(under_way) from (
        select sum(step) over (order by moment_s, step rows unbounded preceding) as under_way
        from ends)
"""
CPU = """
    select source, avg(value) from metrics
    where name = 'cpu_share' and at_s > $start_s and at_s <= $end_s group by source
"""


def judge_calls_trial(history: History, objective: Objective, *, cpu_count: int) -> TrialVerdict:
    """Raises ValueError for an experiment that did not call SQS at one rate."""
    load, phase = history.scenario.load, history.record.phase("load")
    if not isinstance(load, SqsCallLoad):
        raise ValueError(f"{history.record.name}: a trial of calls makes calls")
    if phase is None:
        why = [history.record.interrupted or "the load never began"]
        return TrialVerdict(no_figures(load.rate_per_s), [], why, None)
    figures, errors = _figures(history, load, phase)
    doubts = late(history, figures, objective)
    missed = [] if doubts else _missed(figures, errors, objective)
    if not missed and not doubts:
        return TrialVerdict(figures, [], [], None)
    limit = find_limit(figures, cpu_count, was_offered=not doubts)
    return TrialVerdict(figures, missed, doubts, limit)


def _figures(
    history: History, load: SqsCallLoad, phase: Phase
) -> tuple[TrialFigures, dict[str, int]]:
    """And how many calls of each action failed, not by a throttle."""
    end_s = phase.start_s + load.duration_s
    half_s = phase.start_s + load.duration_s / 2
    admitted_per_s, throttled, errors, p99_ms = {}, {}, {}, {}
    for action in CALLED_ACTIONS:
        row = history.rows(CALLS, action=action, half_s=half_s, end_s=end_s)[0]
        made, _, refused, failed, p99_ms[action], lately = row
        admitted_per_s[action] = lately / (end_s - half_s)
        throttled[action] = refused / made if made else 0.0
        errors[action] = failed
    send, receive, _ = CALLED_ACTIONS
    worst = max(throttled.values())
    figures = TrialFigures(
        offered_per_s=load.rate_per_s,
        accepted_per_s=min(admitted_per_s[send], admitted_per_s["DeleteMessage"]),
        delivered_per_s=admitted_per_s[receive],
        accept_growth_per_s=worst * load.rate_per_s,
        delivery_growth_per_s=throttled[receive] * load.rate_per_s,
        accept_p99_ms=p99_ms[send],
        delivery_p99_ms=p99_ms[receive],
        late_p99_ms=history.one(LATE) or 0.0,
        senders_waiting=(history.one(UNDER_WAY) or 0) / load.senders,
        lost=history.sets.lost if history.record.drained else 0,
        backlog_peak=0,
        drain_s=0.0,
        cpu=dict(history.rows(CPU, start_s=phase.start_s, end_s=end_s)),
        hottest_share=0.0,
        throttled={action: share for action, share in throttled.items() if share},
        admitted_per_s=admitted_per_s,
    )
    return figures, errors


def _missed(figures: TrialFigures, errors: dict[str, int], objective: Objective) -> list[str]:
    found = [
        f"{share:.1%} of the {action} calls throttled"
        for action, share in figures.throttled.items()
        if share > THROTTLED_SHARE_MAX
    ]
    found += [f"{count:,} {action} calls failed" for action, count in errors.items() if count]
    if (figures.accept_p99_ms or 0.0) > objective.accept_p99_ms:
        found.append(
            f"p99 of SendMessage {figures.accept_p99_ms:,.0f} ms, over "
            f"{objective.accept_p99_ms:,.0f} ms"
        )
    if figures.lost:
        found.append(f"{figures.lost:,} messages lost")
    return found
