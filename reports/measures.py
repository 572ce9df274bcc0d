"""From ledgers to figures: rates, latencies and gauges of one experiment, all pure over tables.

Times in a ledger are on the machine's monotonic clock; times that leave here count from the
experiment's origin. Rows without a time are passed over: they cannot be placed.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa

from reports.model import Chart, Cpu, Fault, Latency, OutcomeCount, Rate, Series, Span
from reports.numbers import (
    Bins,
    Floats,
    gauge_series,
    per_second,
    percentiles,
    quantile_series,
    rates,
    seconds,
)
from reports.text import LABEL_LENGTH_MAX, shown

OUTCOMES_SHOWN = 15
SERIES_SHOWN = 8
FAULTS_SHOWN = 60
FIRINGS_SHOWN = 300  # moments along the axis at which a fault is shown to fire
SPANS_SHOWN = 50  # of one fault

MEANINGS = {
    "ok": "accepted",
    "fail": "certainly not done",
    "info": "outcome unknown",
    "unanswered": "no outcome recorded",
}


class Window(NamedTuple):
    """From the first to just before the last send that was due; by the schedule, not by phases,
    which hold the senders' start and their last answers as well."""

    start_s: float
    end_s: float

    @classmethod
    def of(cls, due_s: Floats) -> Self:
        return cls(float(due_s.min()), float(due_s.max())) if len(due_s) else cls(0.0, 0.0)

    def count(self, times_s: Floats) -> int:
        return int(np.count_nonzero((times_s >= self.start_s) & (times_s < self.end_s)))


class Timed(NamedTuple):
    """Latencies, and the moments on the experiment's time at which they began."""

    began_s: Floats
    latency_s: Floats

    @classmethod
    def between(cls, began_s: Floats, ended_s: Floats) -> Self:
        """Of pairs without a gap; an end before the beginning counts as no time at all."""
        is_whole = np.isfinite(began_s) & np.isfinite(ended_s)
        began_s, ended_s = began_s[is_whole], ended_s[is_whole]
        return cls(began_s, np.maximum(ended_s - began_s, 0.0))


def times(table: pa.Table, column: str, origin_s: float) -> Floats:
    """A column of moments on the experiment's time, without the missing ones."""
    values: Floats = table[column].to_numpy().astype(np.float64) - origin_s
    return values[np.isfinite(values)]


def rate(what: str, label: str, times_s: Floats, window: Window, bins: Bins) -> Rate:
    """How many, how many a second while the load was on, and the busiest bin."""
    in_bins = [value for value in rates(times_s, bins) if value is not None]
    return Rate(
        what=what,
        label=label,
        count=len(times_s),
        per_s=per_second(window.count(times_s), window.end_s - window.start_s),
        peak_per_s=max(in_bins, default=None) if len(times_s) else None,
    )


def latency_chart(responses: Timed, services: Timed, bins: Bins, title: str) -> Chart:
    """Both ways of counting, side by side: where they part, senders were held back."""
    return Chart(
        title=title,
        unit="ms",
        t_s=bins.starts_s(),
        series=[
            Series("p50", quantile_series(*responses, bins, 0.50)),
            Series("p99", quantile_series(*responses, bins, 0.99)),
            Series("p99 from departure (uncorrected)", quantile_series(*services, bins, 0.99)),
        ],
        is_log=True,
        has_fault_lanes=True,
        note="Each point stands where its sends were due (uncorrected: where they departed).",
    )


def latencies(what: str, responses: Timed, services: Timed) -> list[Latency]:
    """A latency from the intended time, with the uncorrected one beside it."""
    return [
        Latency(
            label=what,
            counted_from="intended send time",
            values=percentiles(responses.latency_s),
        ),
        Latency(
            label=f"{what}, uncorrected",
            counted_from="departure of the request",
            values=percentiles(services.latency_s),
        ),
    ]


def call_outcomes(calls: pa.Table) -> list[OutcomeCount]:
    """How direct calls ended, by action and outcome."""
    counts: Counter[tuple[str, int | None, str]] = Counter()
    for action, outcome, status, code in _rows(calls, "action", "outcome", "status", "code"):
        counts[f"{action} {outcome}", status, code or ""] += 1
    return outcome_counts(counts)


def gauges(
    metrics: pa.Table,
    names: dict[str, str],
    origin_s: float,
    bins: Bins,
    *,
    absent: float | None = None,
) -> tuple[list[Series], str]:
    """One series a source and metric, for the metrics in `names` (metric name: what to call it).

    `absent` is the value where the source was sampled without the metric: the oldest message of
    an empty queue has no age. With more than SERIES_SHOWN series only the highest are kept, and
    the second value says so, as it does of series that never left zero.
    """
    sampled_s: dict[str, list[float]] = {}
    samples: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for at, source, name, value in _rows(metrics, "at_s", "source", "name", "value"):
        if not _has_time(at) or value is None:
            continue
        sampled_s.setdefault(source or "", []).append(at - origin_s)
        if name in names:
            samples.setdefault((source or "", name), []).append((at - origin_s, value))
    peaks = {gauge: max(value for _, value in rows) for gauge, rows in samples.items()}
    order = list(names)
    moving = [gauge for gauge in samples if peaks[gauge] > 0] or list(samples)
    kept = sorted(moving, key=lambda gauge: (-peaks[gauge], gauge))[:SERIES_SHOWN]
    series = []
    for source, name in sorted(kept, key=lambda gauge: (gauge[0], order.index(gauge[1]))):
        rows = samples[source, name]
        if absent is not None:
            rows = [*rows, *((at_s, absent) for at_s in sampled_s[source])]
        points = np.array(rows, dtype=np.float64)
        values = gauge_series(points[:, 0], points[:, 1], bins)
        series.append(Series(_gauge_label(source, names[name]), values))
    notes = []
    if resting := sorted(gauge for gauge in samples if gauge not in moving)[:SERIES_SHOWN]:
        labels = ", ".join(_gauge_label(source, names[name]) for source, name in resting)
        notes.append(f"Always zero: {labels}.")
    if left_out := len(moving) - len(kept):
        notes.append(f"{left_out} lower series are not drawn.")
    return series, " ".join(notes)


def _gauge_label(source: str, what: str) -> str:
    label = " ".join(filter(None, (source.removeprefix("queue:"), what)))
    return shown(label, LABEL_LENGTH_MAX)


def cpu_shares(metrics: pa.Table, origin_s: float, window: Window) -> list[Cpu]:
    """What each component took of one core while the load was on, the greediest first."""
    samples: dict[str, list[tuple[float, float]]] = {}
    for at, source, name, value in _rows(metrics, "at_s", "source", "name", "value"):
        if name == "cpu_share" and _has_time(at) and value is not None:
            samples.setdefault(source or "", []).append((at - origin_s, value))
    shares = []
    for source, rows in samples.items():
        loaded = [value for at_s, value in rows if window.start_s <= at_s < window.end_s]
        if loaded:
            shares.append(
                Cpu(
                    component=shown(source, LABEL_LENGTH_MAX),
                    mean=round(float(np.mean(loaded)), 2),
                    peak=round(max(loaded), 2),
                )
            )
    return sorted(shares, key=lambda cpu: (-cpu.mean, cpu.component))


def read_faults(faults: pa.Table, origin_s: float, end_s: float) -> list[Fault]:
    """Each fault with its spans and how often it fired.

    A span whose end was not recorded lasts until the experiment's end, at `end_s`.
    """
    rows_by_label: dict[str, list[dict[str, Any]]] = {}
    placed = [row for row in faults.to_pylist() if _has_time(row["at_s"])]
    for row in sorted(placed, key=lambda row: row["at_s"]):
        rows_by_label.setdefault(row["fault"] or row["kind"] or "", []).append(row)
    return [
        Fault(
            mark=f"F{number}",
            label=shown(label, LABEL_LENGTH_MAX),
            kind=shown(_first(rows, "kind"), LABEL_LENGTH_MAX),
            where=shown(
                " on ".join(filter(None, (_first(rows, "action"), _first(rows, "queue")))),
                LABEL_LENGTH_MAX,
            ),
            spans=_spans(rows, origin_s, end_s)[:SPANS_SHOWN],
            fired=sum(row["event"] == "fired" for row in rows),
            fired_stored=sum(row["event"] == "fired" and bool(row["stored"]) for row in rows),
            fired_s=_firings(rows, origin_s, end_s),
        )
        for number, (label, rows) in enumerate(list(rows_by_label.items())[:FAULTS_SHOWN], start=1)
    ]


def _firings(rows: list[dict[str, Any]], origin_s: float, end_s: float) -> list[float]:
    step_s = max(end_s, 1.0) / FIRINGS_SHOWN
    fired = {round((row["at_s"] - origin_s) / step_s) for row in rows if row["event"] == "fired"}
    return [round(step * step_s, 2) for step in sorted(fired)]


def _spans(rows: list[dict[str, Any]], origin_s: float, end_s: float) -> list[Span]:
    spans: list[Span] = []
    open_since_s: float | None = None
    for row in rows:
        at_s = seconds(row["at_s"] - origin_s)
        if row["event"] == "start" and open_since_s is None:
            open_since_s = at_s
        elif row["event"] == "end" and open_since_s is not None:
            spans.append(Span(open_since_s, at_s))
            open_since_s = None
    if open_since_s is not None:
        spans.append(Span(open_since_s, seconds(end_s), is_closed=False))
    return spans


def _first(rows: list[dict[str, Any]], column: str) -> str:
    return next((str(row[column]) for row in rows if row[column]), "")


def outcome_counts(counts: "Counter[tuple[str, int | None, str]]") -> list[OutcomeCount]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    rows = [
        OutcomeCount(
            kind=shown(kind, LABEL_LENGTH_MAX),
            status=status,
            code=shown(code, LABEL_LENGTH_MAX),
            meaning=MEANINGS.get(kind, ""),
            count=count,
        )
        for (kind, status, code), count in ranked[:OUTCOMES_SHOWN]
    ]
    if rest := ranked[OUTCOMES_SHOWN:]:
        total = sum(count for _, count in rest)
        meaning = f"{len(rest)} rarer outcomes together"
        rows.append(OutcomeCount(kind="", status=None, code="", meaning=meaning, count=total))
    return rows


def _has_time(at_s: float | None) -> bool:
    return at_s is not None and math.isfinite(at_s)


def _rows(table: pa.Table, *columns: str) -> Iterable[tuple[Any, ...]]:
    return zip(*(table[column].to_pylist() for column in columns), strict=True)
