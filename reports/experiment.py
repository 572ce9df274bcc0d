"""One experiment's section: its record and ledgers as rates, latencies, charts and faults."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from compliance.ledgers import Ledgers
from compliance.pricing.table import load_prices
from reports import measures
from reports.cost import cost_view, experiment_cost
from reports.measures import Timed, Window
from reports.model import (
    Chart,
    CostView,
    ExperimentView,
    Latency,
    LedgerFile,
    OutcomeCount,
    Phase,
    Rate,
    Series,
    VerdictView,
)
from reports.numbers import Bins, Floats, bins_for, percentiles, rates, seconds
from reports.sends import Sends, read_sends
from reports.text import LABEL_LENGTH_MAX, shown
from scenarios.evidence import (
    LEDGERS,
    EvidenceError,
    ExperimentRecord,
    GeneratorPart,
    Plan,
    read_experiment,
    read_ledger,
)

LIST_SHOWN = 20  # problems, phases, actions
QUEUE_ATTRIBUTES_SHOWN = 30
SCENARIO_LENGTH_MAX = 8_000

SMALL = ("calls", "faults", "metrics")  # ledgers that are looked at as a whole
DELIVERED = "delivered"
ACCEPT_TO_DELIVERY = "Accept to delivery"

# CloudWatch's names, and the short ones of the local sampler.
DEPTH = {
    "Visible": "visible",
    "ApproximateNumberOfMessagesVisible": "visible",
    "NotVisible": "in flight",
    "ApproximateNumberOfMessagesNotVisible": "in flight",
}
AGE = {"ApproximateAgeOfOldestMessage": ""}
CPU = {"cpu_share": ""}


@dataclass(frozen=True, kw_only=True)
class _Traffic:
    """What one kind of traffic, emails or direct calls, adds to the section."""

    rates: list[Rate] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)
    outcomes: list[OutcomeCount] = field(default_factory=list)
    rate_charts: list[Chart] = field(default_factory=list)
    latency_charts: list[Chart] = field(default_factory=list)

    def beside_calls(self) -> Self:
        """What emails add where the calls that carried them are shown: only their delivery."""
        return replace(
            self,
            rates=[rate for rate in self.rates if rate.label == DELIVERED],
            latencies=[row for row in self.latencies if row.label == ACCEPT_TO_DELIVERY],
            outcomes=[],
            rate_charts=[],
            latency_charts=[],
        )


def build_experiment(
    run: Path, name: str, *, plan: Plan | None, anchor: str, verdicts: list[VerdictView]
) -> ExperimentView:
    """The section of the experiment in `run / name`; unreadable evidence is said, not raised."""
    title = shown(name, LABEL_LENGTH_MAX)
    try:
        if not (run / name / "experiment.json").exists():
            raise EvidenceError("it left no record; the run ended before it began")
        record = read_experiment(run / name)
        with Ledgers(run / name) as ledgers:
            evidence = _read(ledgers, record)
    except EvidenceError as error:
        return ExperimentView(
            anchor=anchor, name=title, unreadable=shown(str(error)), verdicts=verdicts
        )
    end_s, bins, tables = evidence.end_s, bins_for(evidence.end_s), evidence.tables
    sends = evidence.sends
    emails = _emails(sends, bins)
    calls = _calls(tables["calls"], record.origin_s, bins)
    if calls.rates:
        emails = emails.beside_calls()
    called_s = _moments(tables["calls"], "intended_s", record.origin_s)
    load = Window.of(np.concatenate([sends.due_s, called_s]))
    return ExperimentView(
        anchor=anchor,
        name=title,
        scenario=shown(record.scenario, LABEL_LENGTH_MAX),
        seed=record.seed,
        is_control=plan is not None and plan.is_control,
        control=shown((plan and plan.control) or "", LABEL_LENGTH_MAX),
        target=_target(record),
        started_at=shown(record.started_at, LABEL_LENGTH_MAX),
        duration_s=seconds(end_s),
        drain={True: "finished", False: "did not finish", None: ""}[record.drained],
        interrupted=shown(record.interrupted or ""),
        problems=[shown(problem) for problem in record.problems[:LIST_SHOWN]],
        generators=[_generator(part) for part in record.generators[:LIST_SHOWN]],
        queue=[
            (shown(attribute, LABEL_LENGTH_MAX), shown(value))
            for attribute, value in list(record.queue.items())[:QUEUE_ATTRIBUTES_SHOWN]
        ],
        phases=[
            Phase(
                shown(phase.name, LABEL_LENGTH_MAX),
                seconds(phase.start_s - record.origin_s),
                seconds(phase.end_s - record.origin_s),
            )
            for phase in record.phases[:LIST_SHOWN]
        ],
        rates=emails.rates + calls.rates,
        latencies=emails.latencies + calls.latencies,
        outcomes=emails.outcomes + calls.outcomes,
        faults=measures.read_faults(tables["faults"], record.origin_s, end_s),
        cpu=measures.cpu_shares(tables["metrics"], record.origin_s, load),
        charts=[
            *emails.rate_charts,
            *calls.rate_charts,
            *_gauge_charts(tables["metrics"], record.origin_s, bins),
            *emails.latency_charts,
            *calls.latency_charts,
        ],
        cost=evidence.cost,
        ledgers=[LedgerFile(ledger, count) for ledger, count in evidence.counts.items()],
        scenario_toml=_scenario(record.scenario_toml),
        verdicts=verdicts,
    )


@dataclass(frozen=True)
class _Evidence:
    """What is taken from the ledgers: the large ones as numbers, the small ones whole."""

    end_s: float
    counts: dict[str, int]
    sends: Sends
    tables: dict[str, pa.Table]
    cost: CostView | None


def _read(ledgers: Ledgers, record: ExperimentRecord) -> _Evidence:
    prices = load_prices()
    cost = experiment_cost(ledgers, record, prices)
    last_s = {
        ledger: ledgers.rows(f"select count(*), max(at_s) from {ledger}")[0]  # noqa: S608
        for ledger in LEDGERS
    }
    return _Evidence(
        end_s=_end_s(record, [at_s for _, at_s in last_s.values() if at_s is not None]),
        counts={ledger: count for ledger, (count, _) in last_s.items()},
        sends=read_sends(ledgers, record.origin_s),
        tables={name: read_ledger(ledgers.experiment, name) for name in SMALL},
        cost=None if cost is None else cost_view(cost, prices),
    )


def _emails(sends: Sends, bins: Bins) -> _Traffic:
    if not len(sends.due_s) and not len(sends.delivered_s):
        return _Traffic()
    events = {
        "offered": sends.due_s,
        "acknowledged": sends.acknowledged_s,
        "throttled": sends.throttled_s,
        "retried": sends.retried_s,
        DELIVERED: sends.delivered_s,
    }
    return _Traffic(
        rates=_rates("emails", events, bins),
        latencies=[
            *measures.latencies("Response, accepted", sends.responses, sends.services),
            Latency(
                label="Response, not accepted",
                counted_from="departure of the request",
                values=percentiles(sends.refusals.latency_s),
            ),
            Latency(
                label=ACCEPT_TO_DELIVERY,
                counted_from="the sender's 202",
                values=percentiles(sends.deliveries.latency_s),
            ),
        ],
        outcomes=sends.outcomes,
        rate_charts=[_rate_chart("Emails a second", events, bins)],
        latency_charts=_latency_charts("Response time", sends.responses, sends.services, bins),
    )


def _calls(calls: pa.Table, origin_s: float, bins: Bins) -> _Traffic:
    rates_, latencies, rate_charts, latency_charts = [], [], [], []
    actions = sorted(filter(None, calls["action"].unique().to_pylist()), key=_lifecycle)
    for action in actions[:LIST_SHOWN]:
        rows = calls.filter(pc.equal(calls["action"], action))
        label = shown(action, LABEL_LENGTH_MAX)
        events = {"offered": _moments(rows, "intended_s", origin_s)}
        for outcome in ("admitted", "throttled", "error"):
            ended = rows.filter(pc.equal(rows["outcome"], outcome))
            events[outcome] = _moments(ended, "completed_s", origin_s)
        admitted = rows.filter(pc.equal(rows["outcome"], "admitted"))
        completed_s = _column(admitted, "completed_s", "completed_s") - origin_s
        began_s = _column(admitted, "at_s", "at_s") - origin_s
        responses = Timed.between(_column(admitted, "intended_s", "at_s") - origin_s, completed_s)
        services = Timed.between(began_s, completed_s)
        rates_ += _rates(label, events, bins)
        latencies += measures.latencies(f"{label}, admitted", responses, services)
        rate_charts.append(_rate_chart(f"{label} calls a second", events, bins))
        latency_charts += _latency_charts(f"{label} response time", responses, services, bins)
    return _Traffic(
        rates=rates_,
        latencies=latencies,
        outcomes=measures.call_outcomes(calls),
        rate_charts=rate_charts,
        latency_charts=latency_charts,
    )


def _lifecycle(action: str) -> tuple[int, str]:
    """Sorts actions as a message meets them."""
    steps = ("Send", "Receive", "ChangeMessageVisibility", "Delete")
    return next((n for n, step in enumerate(steps) if action.startswith(step)), len(steps)), action


def _rates(what: str, events: Mapping[str, Floats], bins: Bins) -> list[Rate]:
    window = Window.of(events["offered"])
    return [measures.rate(what, name, times_s, window, bins) for name, times_s in events.items()]


def _rate_chart(title: str, events: Mapping[str, Floats], bins: Bins) -> Chart:
    return Chart(
        title=title,
        unit="per second",
        t_s=bins.starts_s(),
        has_fault_lanes=True,
        series=[
            Series(name, rates(times_s, bins)) for name, times_s in events.items() if len(times_s)
        ],
    )


def _latency_charts(title: str, responses: Timed, services: Timed, bins: Bins) -> list[Chart]:
    if not len(responses.began_s):
        return []
    return [measures.latency_chart(responses, services, bins, title)]


def _gauge_charts(metrics: pa.Table, origin_s: float, bins: Bins) -> list[Chart]:
    wanted: list[tuple[str, str, dict[str, str], float | None]] = [
        ("Queue depth", "messages", DEPTH, None),
        ("Age of the oldest message", "seconds", AGE, 0.0),
        ("CPU share", "cores", CPU, None),
    ]
    charts = []
    for title, unit, names, absent in wanted:
        series, note = measures.gauges(metrics, names, origin_s, bins, absent=absent)
        if series:
            charts.append(
                Chart(title=title, unit=unit, t_s=bins.starts_s(), series=series, note=note)
            )
    return charts


def _moments(calls: pa.Table, column: str, origin_s: float) -> Floats:
    """When calls met `column`, or else when they were sent, as far as either is known."""
    moments_s = _column(calls, column, "at_s") - origin_s
    return moments_s[np.isfinite(moments_s)]


def _column(table: pa.Table, column: str, fallback: str) -> Floats:
    """A column of numbers, with another one where it is empty."""
    values: Floats = pc.coalesce(table[column], table[fallback]).to_numpy().astype(np.float64)
    return values


def _end_s(record: ExperimentRecord, last_s: list[float]) -> float:
    """When the experiment ended, seconds after its origin: by its phases or its last event."""
    ends_s = [phase.end_s - record.origin_s for phase in record.phases]
    return max([0.0, *filter(math.isfinite, ends_s), *(at_s - record.origin_s for at_s in last_s)])


def _target(record: ExperimentRecord) -> str:
    """What was driven; a component that is not the reference's own must not pass for it."""
    target = record.target
    if record.configuration:
        target += f" as {record.configuration}"
    others = [f"{module} in place of {name}" for name, module in record.modules.items()]
    return shown(", ".join([target, *others]))


def _generator(part: GeneratorPart) -> str:
    """A worker that shared the load, and how far its clock can be believed."""
    told = (
        f"worker {part.index} on {shown(part.host, LABEL_LENGTH_MAX)}: {part.rows:,} rows, clock "
    )
    told += f"{part.offset_s * 1000:+,.3f} ms from ours, within {part.uncertainty_s * 1000:,.3f} ms"
    if part.drift_s is None:
        told += ", drift unknown"
    elif part.drift_s:
        told += f", drifted by {part.drift_s * 1000:+,.3f} ms"
    return told + (", lost" if part.is_lost else "")


def _scenario(text: str) -> str:
    """The scenario as it was written; its line breaks stay, each line is cleaned."""
    lines = text[:SCENARIO_LENGTH_MAX].splitlines()
    return "\n".join(shown(line) if line.strip() else "" for line in lines)
