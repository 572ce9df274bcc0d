"""What one configuration came to, in numbers: by stage of the load, and over all of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compliance.checks.cost import Cost, bill
from compliance.checks.logs import component_logs
from compliance.history import configuration_of
from compliance.ledgers import Ledgers
from compliance.pricing.table import PriceTable
from reports.cost import experiment_cost
from reports.numbers import Floats, Percentiles, percentiles
from reports.sends import email_moments
from scenarios.configuration import Configuration
from scenarios.evidence import EvidenceError, ExperimentRecord, read_experiment
from scenarios.faults import Fault
from scenarios.model import EmailLoad, parse_scenario
from scenarios.storm import planned_faults

OURS = ("api", "worker")  # whose logs a team has to collect, whoever plays the part

GRACE_S = 0.2  # after a stage's end: for what was due in its last moments
MONTH_EMAILS = 10_000_000  # the traffic of the monthly figure

FINAL_CALLS = """
    select name, source, max(value) from metrics
    where source like 'queue:%' and (starts_with(name, 'admitted_calls.')
        or starts_with(name, 'throttled_calls.') or name = 'NumberOfEmptyReceives')
    group by name, source order by name, source
"""
# Counters are sampled once a second: what they rose by between the last samples before each end.
CALLS = """
    with ends as (
        select source, split_part(name, '.', 1) as what, split_part(name, '.', 2) as family,
               max(value) filter (at_s <= $until_s)
                   - coalesce(max(value) filter (at_s <= $from_s), 0) as rise,
               -- A rate counts from the first sample inside: before it calls may have been fewer.
               (max(value) filter (at_s between $from_s and $until_s)
                   - min(value) filter (at_s between $from_s and $until_s))
               / nullif(max(at_s) filter (at_s between $from_s and $until_s)
                   - min(at_s) filter (at_s between $from_s and $until_s), 0) as per_s
        from metrics where (starts_with(name, 'admitted_calls.')
            or starts_with(name, 'throttled_calls.')) and source not like '%-dlq%'
        group by all)
    select source || ' ' || family, coalesce(sum(rise) filter (what = 'admitted_calls'), 0),
           coalesce(sum(rise) filter (what = 'throttled_calls'), 0),
           coalesce(sum(per_s) filter (what = 'admitted_calls'), 0)
    from ends group by source, family order by source, family
"""
# What was accepted and still waits at the end of a stage, in the fullest message group and in all.
HOTTEST = """
    with accepted as (select key, min(at_s) as at_s from sender where kind = 'ok' group by key),
    delivered as (select key, min(at_s) as at_s from sink group by key),
    waiting as (
        select s."group", count(*) as n from sender s
        join accepted a on a.key = s.key and a.at_s <= $until_s
        left join delivered d on d.key = s.key
        where s.kind = 'invoke' and s.attempt = 1 and (d.at_s is null or d.at_s > $until_s)
        group by s."group")
    select max(n), sum(n) from waiting
"""
CPU = """
    select source, avg(value) from metrics
    where name = 'cpu_share' and at_s between $from_s and $until_s group by source order by source
"""
REDELIVERED = """
    select count(*) from (select message_id from queue where event = 'received'
                          group by message_id having count(*) > 1)
"""
BUSY = """
    select avg(value) from metrics
    where name = 'busy_cores' and at_s between $from_s and $until_s
"""
LATE = """
    select quantile_cont(abs(at_s - intended_s), 0.99) from sender
    where kind = 'invoke' and at_s between $from_s and $until_s
"""
WRITES_FAILED = """
    select count(*) from faults where event = 'fired' and starts_with(action, 'Send')
        and kind in ('refuse', 'outage', 'half-batch')
"""
# From when an attempt left until its sender had an answer, by what the answer was.
ANSWERS = """
    with made as (
        select key, attempt, max(at_s) filter (kind = 'invoke') as left_s,
               max(at_s) filter (kind <> 'invoke') as told_s,
               max(kind) filter (kind <> 'invoke') as kind, max(status) as status
        from sender group by key, attempt)
    select kind, status, count(*), quantile_disc(told_s - left_s, 0.5),
           quantile_disc(told_s - left_s, 0.99)
    from made where told_s is not null group by kind, status order by count(*) desc, kind, status
"""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stretch of the load, at one rate. Latencies count from when an email was due."""

    planned_per_s: float
    emails: int  # that were due
    offered_per_s: float
    accepted_per_s: float
    delivered_per_s: float
    acceptance: Percentiles
    delivery: Percentiles
    is_calm: bool  # no fault was planned for it
    late_p99_ms: float | None  # of the generator
    throttled: dict[str, float]  # share of the calls, by queue and family
    admitted_per_s: dict[str, float]  # likewise
    hottest_share: float  # of what waits at the end, in one message group
    cpu: dict[str, float]  # cores taken, by component
    busy_cores: float | None  # by whatever runs on the machine
    carried_share: float  # of the emails: accepted and delivered by its end, or hardly later

    @property
    def reached_per_s(self) -> float:
        """What went all the way while it was offered; a backlog from before does not count."""
        return min(self.accepted_per_s, self.delivered_per_s, self.offered_per_s)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One way in which attempts were answered."""

    kind: str
    status: int | None
    count: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One configuration under the load that all of them met."""

    configuration: Configuration
    load: EmailLoad
    stages: Sequence[Stage]
    faults: Sequence[str]  # that were planned, in words
    writes_failed: int  # how often a fault kept SQS from a message
    answers: Sequence[Answer]
    calls: dict[str, int]  # admitted, by what they were for
    throttled_calls: int
    empty_receives: int
    delivered: int  # emails, each once
    redelivered: int  # messages that the queue handed out more than once
    log_files: int
    log_bytes: int
    drain_s: float | None
    drained: bool
    troubles: Sequence[str]
    cost: Cost | None  # None where no email arrived
    month_usd: float | None  # of MONTH_EMAILS

    @property
    def calls_per_email(self) -> float | None:
        total = sum(self.calls.values()) + self.throttled_calls
        return total / self.delivered if self.delivered else None

    @property
    def usd_per_million(self) -> float | None:
        return None if self.cost is None else self.cost.usd_per_million

    @property
    def calm(self) -> Stage | None:
        """The first stage that no fault disturbed: where configurations are like with like."""
        return next((stage for stage in self.stages if stage.is_calm), None)

    @property
    def best_calm(self) -> Stage | None:
        """The stage without faults in which most went through."""
        calm = [stage for stage in self.stages if stage.is_calm and stage.emails]
        return max(calm, key=lambda stage: stage.reached_per_s, default=None)

    @property
    def best(self) -> Stage | None:
        met = [stage for stage in self.stages if stage.emails]
        return max(met, key=lambda stage: stage.reached_per_s, default=None)

    @property
    def top(self) -> Stage | None:
        """The stage with the most load."""
        return max(self.stages, key=lambda stage: stage.planned_per_s, default=None)


def read_figures(folder: Path, prices: PriceTable) -> Figures:
    """Raises EvidenceError or ScenarioError when the experiment cannot be read."""
    record = read_experiment(folder)
    configuration = configuration_of(record, folder)
    scenario = parse_scenario(record.scenario_toml, f"{folder}/experiment.json: scenario_toml")
    if configuration is None or not isinstance(scenario.load, EmailLoad):
        raise EvidenceError(f"{folder}: not emails on a configuration that is known")
    load_phase, drain = record.phase("load"), record.phase("drain")
    with Ledgers(folder) as ledgers:
        due_s, accepted_s, delivered_s = email_moments(ledgers)
        stages = []
        faults = planned_faults(scenario, record.seed)
        if load_phase is not None:
            broken = [
                (fault.start_s, getattr(fault, "end_s", None) or scenario.load.duration_s)
                for fault in faults
            ]
            for start_s, end_s, rate_per_s in scenario.load.rates:
                stages.append(
                    _stage(
                        ledgers,
                        (due_s, accepted_s, delivered_s),
                        load_phase.start_s + start_s,
                        load_phase.start_s + end_s,
                        rate_per_s,
                        is_calm=not any(a < end_s and b > start_s for a, b in broken),
                    )
                )
        calls, throttled, empty = _calls(ledgers)
        logs = [log for name in OURS for log in component_logs(folder, name)]
        cost = experiment_cost(ledgers, record, prices)
        return Figures(
            configuration=configuration,
            load=scenario.load,
            stages=stages,
            faults=[_in_words(fault) for fault in faults],
            writes_failed=ledgers.rows(WRITES_FAILED)[0][0],
            answers=_answers(ledgers),
            calls=calls,
            throttled_calls=throttled,
            empty_receives=empty,
            delivered=int(np.isfinite(delivered_s).sum()),
            redelivered=int(ledgers.rows(REDELIVERED)[0][0]),
            log_files=len(logs),
            log_bytes=sum(file.stat().st_size for file in logs),
            drain_s=None if drain is None else drain.end_s - drain.start_s,
            drained=bool(record.drained),
            troubles=_troubles(record),
            cost=cost,
            month_usd=None if cost is None else bill(cost, prices, MONTH_EMAILS).pipeline_usd,
        )


def _in_words(fault: Fault) -> str:
    actions = " and ".join(getattr(fault, "actions", []))
    return f"{fault.label} ({fault.at} {fault.kind}{actions and f' of {actions}'})"


def _stage(
    ledgers: Ledgers,
    moments: tuple[Floats, Floats, Floats],
    from_s: float,
    until_s: float,
    rate_per_s: float,
    *,
    is_calm: bool,
) -> Stage:
    due_s, accepted_s, delivered_s = moments
    mine = (due_s >= from_s) & (due_s < until_s)
    window = {"from_s": from_s, "until_s": until_s}
    late_s = ledgers.rows(LATE, **window)[0][0]
    calls = ledgers.rows(CALLS, **window)
    ((hottest, waiting),) = ledgers.rows(HOTTEST, until_s=until_s)

    def per_s(times_s: Floats) -> float:
        count = np.count_nonzero((times_s >= from_s) & (times_s < until_s))
        return float(count / (until_s - from_s))

    def carried(times_s: Floats) -> float:
        return float(np.mean(times_s[mine] < until_s + GRACE_S)) if mine.any() else 1.0

    def since_due(times_s: Floats) -> Percentiles:
        taken_s = times_s[mine] - due_s[mine]
        return percentiles(taken_s[np.isfinite(taken_s)])

    return Stage(
        planned_per_s=rate_per_s,
        emails=int(np.count_nonzero(mine)),
        offered_per_s=per_s(due_s),
        accepted_per_s=per_s(accepted_s),
        delivered_per_s=per_s(delivered_s),
        acceptance=since_due(accepted_s),
        delivery=since_due(delivered_s),
        is_calm=is_calm,
        late_p99_ms=None if late_s is None else late_s * 1000,
        throttled={
            name.removeprefix("queue:"): throttled / (admitted + throttled)
            for name, admitted, throttled, _ in calls
            if throttled
        },
        admitted_per_s={name.removeprefix("queue:"): per_s for name, _, _, per_s in calls},
        hottest_share=hottest / waiting if waiting else 0.0,
        busy_cores=ledgers.rows(BUSY, **window)[0][0],
        carried_share=min(carried(accepted_s), carried(delivered_s)),
        cpu={source: float(share) for source, share in ledgers.rows(CPU, **window)},
    )


def _calls(ledgers: Ledgers) -> tuple[dict[str, int], int, int]:
    """Calls of all queues by what they were for, those throttled, and receives of nothing."""
    calls: Counter[str] = Counter()
    throttled = empty = 0
    for name, _, value in ledgers.rows(FINAL_CALLS):
        kind, _, family = name.partition(".")
        if kind == "admitted_calls":
            calls[family] += int(value)
        elif kind == "throttled_calls":
            throttled += int(value)
        else:
            empty += int(value)
    return dict(calls), throttled, empty


def _answers(ledgers: Ledgers) -> list[Answer]:
    return [
        Answer(kind=kind, status=status, count=count, p50_ms=p50_s * 1000, p99_ms=p99_s * 1000)
        for kind, status, count, p50_s, p99_s in ledgers.rows(ANSWERS)
    ]


def _troubles(record: ExperimentRecord) -> list[str]:
    ended = [f"ended early: {record.interrupted}"] if record.interrupted else []
    return [*ended, *record.problems]
