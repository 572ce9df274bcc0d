"""The figures of a report against those worked out by hand for the synthetic run."""

import json
import math
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from compliance.verdict import ClaimVerdict, Judgement, Outcome, Verdict
from reports.model import Span
from reports.text import LINE_LENGTH_MAX
from reports.view import build
from scenarios.evidence import (
    LEDGERS,
    EvidenceError,
    ExperimentRecord,
    Machine,
    Phase,
    RunManifest,
    read_experiment,
    seal,
    write_record,
)

NOTHING = Judgement(run="x", claims=[])


@pytest.fixture
def baseline(baseline_run, judgement):
    (experiment,) = build(baseline_run, judgement).experiments
    return experiment


def rate(experiment, label):
    (found,) = (rate for rate in experiment.rates if rate.label == label)
    return found


def latency(experiment, label):
    (found,) = (row.values for row in experiment.latencies if row.label == label)
    return (found.count, found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms)


def chart(experiment, title):
    (found,) = (chart for chart in experiment.charts if chart.title == title)
    return found


def test_a_held_back_sender_shows_in_the_intended_time_and_not_in_the_uncorrected_one(baseline):
    # Due at 4.0, 4.5, 5.0, 5.5 and gone at 6.0: late by 2.0 to 0.5 s, each then answered in 10 ms.
    assert latency(baseline, "Response, accepted") == (20, 10.0, 1510.0, 2010.0, 2010.0)
    assert latency(baseline, "Response, accepted, uncorrected") == (20, 10.0, 10.0, 10.0, 10.0)


def test_latency_over_time_shows_the_stall_in_the_second_in_which_it_began(baseline):
    p50, p99, uncorrected = chart(baseline, "Response time").series
    assert p99.values == [10.0] * 4 + [2010.0, 1010.0] + [10.0] * 4 + [None] * 2
    assert p50.values[4] == 1510.0
    assert uncorrected.values == [10.0] * 4 + [None] * 2 + [10.0] * 4 + [None] * 2


def test_accept_to_delivery_counts_only_what_was_delivered(baseline):
    assert latency(baseline, "Accept to delivery") == (19, 100.0, 100.0, 100.0, 100.0)


def test_rates_are_means_while_sends_were_due_with_the_busiest_second(baseline):
    # From the first send at 0.0 to just before the last one at 9.5: nineteen in 9.5 s.
    assert (rate(baseline, "offered").count, rate(baseline, "offered").per_s) == (20, 2.0)
    assert (rate(baseline, "acknowledged").per_s, rate(baseline, "acknowledged").peak_per_s) == (
        2.0,
        6.0,  # the four late ones and the two due then
    )
    assert (rate(baseline, "delivered").count, rate(baseline, "delivered").per_s) == (19, 2.0)
    assert (rate(baseline, "throttled").count, rate(baseline, "throttled").peak_per_s) == (0, None)


def test_rates_over_time_are_by_intended_time_for_what_was_offered(baseline):
    offered, acknowledged, delivered = chart(baseline, "Emails a second").series
    assert offered.values == [2.0] * 10 + [0.0] * 2
    assert acknowledged.values == [2.0] * 4 + [0.0] * 2 + [6.0] + [2.0] * 3 + [0.0] * 2
    assert sum(delivered.values) == 19


def test_queue_depth_and_age_come_from_the_samples_and_an_empty_queue_has_age_zero(baseline):
    visible, in_flight = chart(baseline, "Queue depth").series
    (age,) = chart(baseline, "Age of the oldest message").series
    assert visible.values == [float(second) for second in range(12)]
    assert (visible.label, in_flight.label) == ("emails.fifo visible", "emails.fifo in flight")
    assert age.values == [0.0] * 6 + [3.0] + [0.0] * 5


def test_cpu_is_averaged_while_the_load_was_on_and_its_peak_kept(baseline):
    (api,) = baseline.cpu
    # Nine samples of 0.5 and one of 0.94; those after the last send do not count.
    assert (api.component, api.mean, api.peak) == ("api", 0.54, 0.94)


def test_faults_have_spans_and_counts_and_an_open_one_lasts_to_the_end(baseline):
    refused, outage = baseline.faults
    assert refused.spans == [Span(1.0, 12.0, is_closed=False)]
    assert (refused.fired, refused.fired_stored) == (2, 1)
    assert refused.where == "SendMessage on q.fifo"
    assert outage.spans == [Span(4.0, 6.0)]
    assert (refused.mark, outage.mark) == ("F1", "F2")


def test_phases_and_duration_count_from_the_origin(baseline):
    assert [(phase.name, phase.start_s, phase.end_s) for phase in baseline.phases] == [
        ("load", 0.0, 10.0),
        ("drain", 10.0, 12.0),
    ]
    assert baseline.duration_s == 12.0


def test_claims_link_to_their_verdicts_in_their_experiment(baseline_run, judgement):
    view = build(baseline_run, judgement)
    assert [claim.claim for claim in view.claims] == ["no-loss", "order", "resend-safe"]
    assert [claim.claim for claim in view.untried] == ["scale-out"]
    anchors = [verdict.anchor for verdict in view.experiments[0].verdicts]
    assert anchors == [verdict.anchor for claim in view.claims for verdict in claim.verdicts]
    assert len(set(anchors)) == 3
    assert view.outcome is Outcome.REFUTED


def test_a_verdict_on_an_experiment_without_evidence_is_still_shown(baseline_run):
    verdict = Verdict(claim="c", experiment="gone", outcome=Outcome.VERIFIED, summary="s")
    claim = ClaimVerdict(
        claim="c", text="t", outcome=Outcome.VERIFIED, summary="s", verdicts=[verdict]
    )
    view = build(baseline_run, Judgement(run="x", claims=[claim]))
    assert [verdict.experiment for verdict in view.elsewhere] == ["gone"]


def test_a_killed_run_shows_what_it_left(killed_run):
    view = build(killed_run, NOTHING)
    baseline, never_begun = view.experiments
    assert view.finished_at is None
    assert rate(baseline, "offered").count == 20
    assert rate(baseline, "offered").per_s == 2.0
    assert baseline.faults[1].spans == [Span(4.0, 9.5, is_closed=False)]
    assert baseline.duration_s == 9.5  # the last event is k19's answer, at 9.51
    assert "the run ended before it began" in never_begun.unreadable


def test_an_experiment_that_recorded_nothing_has_no_figures(baseline_run):
    for ledger in (baseline_run / "baseline").glob("*.parquet"):
        ledger.unlink()
    (experiment,) = build(baseline_run, NOTHING).experiments
    assert (experiment.rates, experiment.charts, experiment.outcomes) == ([], [], [])
    assert experiment.unreadable is None


def test_a_damaged_ledger_spoils_its_experiment_alone(baseline_run):
    (baseline_run / "baseline" / "sink.parquet").write_bytes(b"PAR1 and then nothing")
    (experiment,) = build(baseline_run, NOTHING).experiments
    assert "sink" in experiment.unreadable


@pytest.mark.parametrize("name", ["../elsewhere", "/etc", "..", ".", "", "a\x00b"])
def test_a_manifest_that_names_an_experiment_outside_the_run_is_refused(baseline_run, name):
    manifest = json.loads((baseline_run / "manifest.json").read_text())
    (baseline_run / "manifest.json").write_text(json.dumps(manifest | {"experiments": [name]}))
    with pytest.raises(EvidenceError, match=r"experiments\.0"):
        build(baseline_run, NOTHING)


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(EvidenceError, match="is this a run directory"):
        build(tmp_path, NOTHING)


def test_retries_count_towards_the_response_and_their_refusals_stand_apart(baseline_run):
    email = {"key": "k", "group": "g"}
    rows = [
        {"at_s": 1000.0, "kind": "invoke", "attempt": 1, "intended_s": 1000.0},
        {"at_s": 1000.2, "kind": "fail", "attempt": 1, "status": 503, "code": "InternalFailure"},
        {"at_s": 1001.0, "kind": "invoke", "attempt": 2, "intended_s": 1001.0},
        {"at_s": 1001.3, "kind": "fail", "attempt": 2, "status": 429, "code": "Throttled"},
        {"at_s": 1002.0, "kind": "invoke", "attempt": 3, "intended_s": 1002.0},
        {"at_s": 1002.5, "kind": "ok", "attempt": 3, "status": 202},
        {"at_s": 1003.0, "kind": "invoke", "attempt": 1, "intended_s": 1003.0, "key": "open"},
    ]
    table = pa.Table.from_pylist([email | row for row in rows], schema=LEDGERS["sender"])
    pq.write_table(table, baseline_run / "baseline" / "sender.parquet")
    (experiment,) = build(baseline_run, NOTHING).experiments
    assert latency(experiment, "Response, accepted")[:2] == (1, 2500.0)
    assert latency(experiment, "Response, accepted, uncorrected")[:2] == (1, 500.0)
    assert latency(experiment, "Response, not accepted") == (2, 200.0, 300.0, 300.0, 300.0)
    counts = {label: rate(experiment, label).count for label in ("offered", "retried", "throttled")}
    assert counts == {"offered": 2, "retried": 2, "throttled": 1}
    outcomes = {(row.kind, row.status): row.count for row in experiment.outcomes}
    assert outcomes == {("ok", 202): 1, ("fail", 503): 1, ("fail", 429): 1, ("unanswered", None): 1}


def test_direct_calls_are_shown_by_action_in_the_order_of_a_message(baseline_run):
    def calls(action, outcome, n):
        return [
            {
                "at_s": 1000.1 + i / 10,
                "intended_s": 1000.0 + i / 10,
                "completed_s": 1000.15 + i / 10,
                "action": action,
                "outcome": outcome,
            }
            for i in range(n)
        ]

    rows = calls("DeleteMessage", "admitted", 5) + calls("SendMessage", "admitted", 30)
    rows += calls("SendMessage", "throttled", 10)
    table = pa.Table.from_pylist(rows, schema=LEDGERS["calls"])
    pq.write_table(table, baseline_run / "baseline" / "calls.parquet")
    (experiment,) = build(baseline_run, NOTHING).experiments
    sends = {row.label: row for row in experiment.rates if row.what == "SendMessage"}
    # Due from 0.0 to 2.9; two of the thirty admitted ones were completed after 2.9.
    assert (sends["offered"].count, sends["offered"].per_s) == (40, round(39 / 2.9, 1))
    assert sends["admitted"].per_s == round(28 / 2.9, 1)
    assert sends["throttled"].per_s == round(10 / 2.9, 1)
    assert latency(experiment, "SendMessage, admitted")[:2] == (30, 150.0)
    assert latency(experiment, "SendMessage, admitted, uncorrected")[:2] == (30, 50.0)
    whats = [row.what for row in experiment.rates if row.label in {"offered", "delivered"}]
    assert whats == ["emails", "SendMessage", "DeleteMessage"]
    assert not [chart for chart in experiment.charts if chart.title == "Emails a second"]


def test_rows_without_a_time_spoil_their_experiment_alone(baseline_run):
    path = baseline_run / "baseline" / "sink.parquet"
    rows = [*pq.read_table(path).to_pylist(), {"at_s": None, "key": "k0"}]
    nullable = pa.schema([field.with_nullable(True) for field in LEDGERS["sink"]])
    pq.write_table(pa.Table.from_pylist(rows, schema=nullable), path)
    (experiment,) = build(baseline_run, NOTHING).experiments
    assert "1 rows without at_s" in experiment.unreadable


def test_many_series_are_cut_to_the_highest_and_the_chart_says_so(baseline_run):
    rows = [
        {"at_s": 1000.0, "source": f"worker-{i}", "name": "cpu_share", "value": float(i)}
        for i in range(12)
    ]
    table = pa.Table.from_pylist(rows, schema=LEDGERS["metrics"])
    pq.write_table(table, baseline_run / "baseline" / "metrics.parquet")
    (experiment,) = build(baseline_run, NOTHING).experiments
    cpu = chart(experiment, "CPU share")
    assert {series.label for series in cpu.series} == {f"worker-{i}" for i in range(4, 12)}
    assert cpu.note == "Always zero: worker-0. 3 lower series are not drawn."


def test_a_queue_that_stayed_empty_is_named_and_not_drawn(baseline_run):
    path = baseline_run / "baseline" / "metrics.parquet"
    rows = pq.read_table(path).to_pylist()
    rows.append({"at_s": 1000.0, "source": "queue:dlq.fifo", "name": "Visible", "value": 0.0})
    pq.write_table(pa.Table.from_pylist(rows, schema=LEDGERS["metrics"]), path)
    (experiment,) = build(baseline_run, NOTHING).experiments
    depth = chart(experiment, "Queue depth")
    assert [series.label for series in depth.series] == [
        "emails.fifo visible",
        "emails.fifo in flight",
    ]
    assert depth.note == "Always zero: dlq.fifo visible."


def test_a_long_run_is_thinned(tmp_path):
    run = tmp_path / "long"
    (run / "soak").mkdir(parents=True)
    at_s = np.arange(0.0, 7200.0)
    columns = {"at_s": at_s, "source": ["queue:q"] * 7200, "name": ["Visible"] * 7200}
    table = pa.table(columns | {"value": at_s}).cast(LEDGERS["metrics"])
    pq.write_table(table, run / "soak" / "metrics.parquet")
    record = ExperimentRecord(
        name="soak",
        scenario="soak",
        scenario_toml="",
        seed=1,
        started_at="",
        origin_s=0.0,
        phases=[Phase(name="load", start_s=0.0, end_s=7200.0)],
    )
    write_record(run / "soak" / "experiment.json", record)
    machine = Machine(system="Linux", python="3", cpu_count=2, memory_bytes=1)
    manifest = RunManifest(
        name="long",
        started_at="",
        seed=1,
        commit=None,
        versions={},
        machine=machine,
        command=[],
        experiments=["soak"],
    )
    write_record(run / "manifest.json", manifest)
    (experiment,) = build(run, NOTHING).experiments
    (depth,) = experiment.charts
    assert len(depth.t_s) == len(depth.series[0].values) == 300
    assert depth.series[0].values[-1] == 7199.0  # the peak survives


def test_neither_the_program_s_place_nor_the_home_folder_is_shown(baseline_run, judgement):
    view = build(baseline_run, judgement)
    assert view.command == "queueproof verify --seed 7"
    assert view.replay_folder == "runs/20260102-verify"


def test_open_and_sealed_ledgers_give_the_same_view(killed_run):
    before = build(killed_run, NOTHING)
    seal(killed_run / "baseline")
    assert build(killed_run, NOTHING) == before


@pytest.mark.parametrize("at_s", [math.inf, -math.inf, math.nan])
def test_times_beyond_all_bounds_spoil_their_experiment_alone(baseline_run, at_s):
    path = baseline_run / "baseline" / "metrics.parquet"
    rows = pq.read_table(path).to_pylist()
    rows.append(rows[0] | {"at_s": at_s})
    pq.write_table(pa.Table.from_pylist(rows, schema=LEDGERS["metrics"]), path)
    (experiment,) = build(baseline_run, NOTHING).experiments
    assert "at_s is not a finite number" in experiment.unreadable


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in texts(part))
    elif isinstance(value, list | tuple):
        yield from (text for part in value for text in texts(part))


def test_hostile_text_is_bounded_and_harmless_wherever_it_is_shown(hostile_run):
    run, judgement = hostile_run
    for text in texts(asdict(build(run, judgement))):
        assert max(map(len, text.splitlines()), default=0) <= LINE_LENGTH_MAX
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_what_ran_in_a_components_place_stands_beside_the_target(baseline_run, judgement):
    """A broken twin must not pass for the reference."""
    record = read_experiment(baseline_run / "baseline")
    changed = record.model_copy(update={"modules": {"api": "tests.planted.early_202"}})
    write_record(baseline_run / "baseline" / "experiment.json", changed)
    (experiment,) = build(baseline_run, judgement).experiments
    assert experiment.target == "reference, tests.planted.early_202 in place of api"
