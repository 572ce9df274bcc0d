"""What was measured of one rate: rates, latencies, backlogs, cores, throttles.

Whether a backlog grows is told from its mean in the second and in the last quarter of the load:
the first fills buffers and burst allowances, and means do not mind in which batch an email came.
"""

from dataclasses import dataclass

from compliance.history import History
from scenarios.model import EmailLoad

ACCEPTANCE = """
    select quantile_disc(coalesce(acknowledged_s - ($start_s + intended_s), 1e9), 0.99),
           quantile_disc(coalesce(first_s - ($start_s + intended_s), 1e9), 0.99)
    from planned_numbers p left join emails e on e.kid = p.number
"""
# The mean number of emails that were due and not yet accepted, or delivered, in a window.
WAITING = """
    with due as (
        select $start_s + intended_s as due_s, coalesce(acknowledged_s, 1e12) as accepted_s,
            coalesce(first_s, 1e12) as delivered_s
        from planned_numbers p left join emails e on e.kid = p.number)
    select sum(greatest(0, least(accepted_s, $until_s) - greatest(due_s, $from_s))),
           sum(greatest(0, least(delivered_s, $until_s) - greatest(due_s, $from_s)))
    from due
"""
RATES = """
    select count(*) filter (acknowledged_s between $from_s and $until_s),
           count(*) filter (first_s between $from_s and $until_s)
    from emails where kid >= 0
"""
OFFERED = """
    select count(*) from planned_numbers
    where $start_s + intended_s between $from_s and $until_s
"""
LATE = """
    select quantile_cont(abs(at_s - intended_s), 0.99) from sender where kind = 'invoke'
"""
UNDER_WAY = """
    select max(under_way) from (
        select sum(case when kind = 'invoke' then 1 else -1 end)
            over (order by at_s, kind = 'invoke' rows unbounded preceding) as under_way
        from sender)
"""
CPU = """
    select source, avg(value) from metrics
    where name = 'cpu_share' and at_s > $start_s and at_s <= $end_s group by source
"""
BACKLOG = """
    select coalesce(max(waiting), 0) from (
        select at_s, sum(value) as waiting from metrics
        where name = 'ApproximateNumberOfMessagesVisible' and source not like '%-dlq%'
        group by at_s)
"""
CALLS = """
    with samples as (
        select source, split_part(name, '.', 1) as what, split_part(name, '.', 2) as family,
            value, at_s
        from metrics where starts_with(name, 'admitted_calls.')
            or starts_with(name, 'throttled_calls.'))
    select source, family,
        max(value) filter (what = 'admitted_calls'), max(value) filter (what = 'throttled_calls'),
        (max(value) filter (what = 'admitted_calls' and at_s between $from_s and $until_s)
            - min(value) filter (what = 'admitted_calls' and at_s between $from_s and $until_s))
        / nullif(max(at_s) filter (what = 'admitted_calls' and at_s between $from_s and $until_s)
            - min(at_s) filter (what = 'admitted_calls' and at_s between $from_s and $until_s), 0)
    from samples group by source, family order by source, family
"""
HOTTEST = """
    select max(waiting), sum(waiting) from (
        select count(*) as waiting from planned_numbers p left join emails e on e.kid = p.number
        where $start_s + intended_s <= $until_s
            and (first_s is null or first_s > $until_s) and acknowledged_s is not null
        group by p."group")
"""


@dataclass(frozen=True, kw_only=True)
class TrialFigures:
    """What was measured of one rate."""

    offered_per_s: float
    accepted_per_s: float  # in the second half of the load
    delivered_per_s: float
    accept_growth_per_s: float  # by which what is not yet accepted, or delivered, grows
    delivery_growth_per_s: float
    accept_p99_ms: float | None  # None: too few were accepted to tell
    delivery_p99_ms: float | None
    late_p99_ms: float
    senders_waiting: float  # share of them, at the worst moment
    lost: int
    backlog_peak: int
    drain_s: float
    cpu: dict[str, float]  # cores, by component
    hottest_share: float  # of what waits at the end, in one message group
    throttled: dict[str, float]  # share of the calls, by queue and family
    admitted_per_s: dict[str, float]  # by queue and family, in the second half


def no_figures(rate_per_s: float) -> TrialFigures:
    """Of an experiment whose load never began."""
    return TrialFigures(
        offered_per_s=rate_per_s,
        accepted_per_s=0.0,
        delivered_per_s=0.0,
        accept_growth_per_s=0.0,
        delivery_growth_per_s=0.0,
        accept_p99_ms=None,
        delivery_p99_ms=None,
        late_p99_ms=0.0,
        senders_waiting=0.0,
        lost=0,
        backlog_peak=0,
        drain_s=0.0,
        cpu={},
        hottest_share=0.0,
        throttled={},
        admitted_per_s={},
    )


def read_figures(history: History, load: EmailLoad, start_s: float) -> TrialFigures:
    """Of an experiment whose load began at `start_s`, on the ledgers' clock."""
    end_s = start_s + load.duration_s
    half = {"from_s": start_s + load.duration_s / 2, "until_s": end_s}
    half_s = load.duration_s / 2
    ((accept_s, delivery_s),) = history.rows(ACCEPTANCE, start_s=start_s)
    ((accepted, delivered),) = history.rows(RATES, **half)
    accept_growth, delivery_growth = _growth_per_s(history, load, start_s)
    calls = history.rows(CALLS, **half)
    ((hottest, waiting),) = history.rows(HOTTEST, start_s=start_s, until_s=end_s)
    drain = history.record.phase("drain")
    return TrialFigures(
        offered_per_s=history.one(OFFERED, start_s=start_s, **half) / half_s,
        accepted_per_s=accepted / half_s,
        delivered_per_s=delivered / half_s,
        accept_growth_per_s=accept_growth,
        delivery_growth_per_s=delivery_growth,
        accept_p99_ms=_told_ms(accept_s),
        delivery_p99_ms=_told_ms(delivery_s),
        late_p99_ms=(history.one(LATE) or 0.0) * 1000,
        senders_waiting=(history.one(UNDER_WAY) or 0) / load.senders,
        lost=history.sets.lost if history.record.drained else 0,
        backlog_peak=int(history.one(BACKLOG)),
        drain_s=drain.end_s - drain.start_s if drain else 0.0,
        cpu=dict(history.rows(CPU, start_s=start_s, end_s=end_s)),
        hottest_share=hottest / waiting if waiting else 0.0,
        throttled={
            _family(source, family): throttled / (admitted + throttled)
            for source, family, admitted, throttled, _ in calls
            if throttled
        },
        admitted_per_s={
            _family(source, family): per_s
            for source, family, _, _, per_s in calls
            if per_s is not None
        },
    )


def _growth_per_s(history: History, load: EmailLoad, start_s: float) -> tuple[float, float]:
    quarter_s = load.duration_s / 4
    means = []
    for quarter in (1, 3):
        from_s = start_s + quarter * quarter_s
        window = {"from_s": from_s, "until_s": from_s + quarter_s}
        ((accepted, delivered),) = history.rows(WAITING, start_s=start_s, **window)
        means.append((accepted / quarter_s, delivered / quarter_s))
    (accepted, delivered), (accepted_later, delivered_later) = means
    apart_s = 2 * quarter_s
    return (accepted_later - accepted) / apart_s, (delivered_later - delivered) / apart_s


def _told_ms(latency_s: float | None) -> float | None:
    """None for what did not come to its end."""
    return None if latency_s is None or latency_s > 1e8 else latency_s * 1000


def _family(source: str, family: str) -> str:
    return f"{source.removeprefix('queue:')} {family}"
