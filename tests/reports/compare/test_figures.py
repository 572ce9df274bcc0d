"""An experiment's ledgers as figures of each stage, on evidence that can be worked out by hand.

Ten emails a second for two seconds, then twenty: accepted after 10 ms, delivered after 100. The
second stage loses five, and the queue throttles eight calls in it.
"""

import json

import pytest

from compliance.pricing.table import load_prices
from reports.compare.figures import read_figures
from reports.compare.limits import NOT_JUDGED, find_limit
from scenarios.configuration import load_configuration
from scenarios.evidence import EvidenceError, ExperimentRecord, Phase, seal, write_record

SCENARIO = """
name = "small"
summary = "x"
[load]
kind = "emails"
rate_per_s = 10
duration_s = 4
arrivals = "even"
stages = [{ start_s = 2, rate_per_s = 20 }]
[[faults]]
label = "refused"
kind = "refuse"
start_s = 0.5
end_s = 1.5
"""
START_S = 100.0
DUE_S = [n / 10 for n in range(20)] + [2 + n / 20 for n in range(40)]


@pytest.fixture
def experiment(tmp_path):
    folder = tmp_path / "fifo"
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "api.log").write_text("x" * 100)
    stream = folder / "logs" / "worker" / "mailer" / "2026"
    stream.mkdir(parents=True)
    (stream / "[$LATEST]0123.log").write_text("y" * 50)
    ledgers = {"sender": [], "sink": [], "queue": [], "metrics": [], "faults": []}
    for number, due_s in enumerate(DUE_S):
        at_s, row = START_S + due_s, {"key": f"k{number}", "attempt": 1, "group": "g"}
        ledgers["sender"] += [
            {"at_s": at_s + 0.002, "kind": "invoke", "intended_s": at_s, **row},
            {"at_s": at_s + 0.01, "kind": "ok", "status": 202, "email_id": f"e{number}", **row},
        ]
        received = {"event": "received", "queue": "emails.fifo", "message_id": f"m{number}"}
        ledgers["queue"].append({"at_s": at_s + 0.05, **received})
        if number < 55:
            ledgers["sink"].append({"at_s": at_s + 0.1, "key": row["key"]})
    ledgers["queue"].append(ledgers["queue"][0] | {"at_s": START_S + 4})
    for second in range(6):
        at_s = START_S + second - 0.1
        for source, name, value in (
            ("queue:emails.fifo", "admitted_calls.send", 10 * second),
            ("queue:emails.fifo", "throttled_calls.send", 3 + 8 * (second > 3)),
            ("api", "cpu_share", 0.5),
            ("generator", "cpu_share", 0.25),
            ("machine", "busy_cores", 1.25),
        ):
            ledgers["metrics"].append(
                {"at_s": at_s, "source": source, "name": name, "value": value}
            )
    for event, kind, action in (
        ("start", "refuse", None),
        ("fired", "refuse", "SendMessage"),
        ("fired", "refuse", "DeleteMessage"),
        ("fired", "lose-answer", "SendMessage"),
    ):
        row = {"at_s": START_S + 1, "event": event, "fault": "refused", "kind": kind}
        ledgers["faults"].append(row | {"action": action})
    for name, rows in ledgers.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    configuration, text = load_configuration("fifo")
    record = {
        "name": "fifo",
        "scenario": "small",
        "scenario_toml": SCENARIO,
        "configuration": configuration.name,
        "configuration_toml": text,
        "seed": 1,
        "started_at": "2026-01-02T03:04:05Z",
        "origin_s": START_S,
        "phases": [
            Phase(name="load", start_s=START_S, end_s=START_S + 4),
            Phase(name="drain", start_s=START_S + 4, end_s=START_S + 5.5),
        ],
        "drained": True,
    }
    write_record(folder / "experiment.json", ExperimentRecord(**record))
    seal(folder)
    return folder


def test_each_stage_has_its_own_figures(experiment):
    first, second = read_figures(experiment, load_prices()).stages
    assert (first.planned_per_s, first.emails, first.offered_per_s) == (10, 20, 10)
    assert (second.planned_per_s, second.emails, second.offered_per_s) == (20, 40, 20)
    assert first.acceptance.p99_ms == pytest.approx(10)
    assert second.delivery.p50_ms == pytest.approx(100)
    assert second.delivery.count == 35
    assert (first.is_calm, second.is_calm) == (False, True)
    assert second.throttled == {"emails.fifo send": 8 / 28}
    assert second.admitted_per_s == {"emails.fifo send": 10}
    assert second.hottest_share == 1
    assert (first.carried_share, second.carried_share) == (1.0, 35 / 40)
    assert second.busy_cores == 1.25
    assert second.cpu == {"api": 0.5, "generator": 0.25}
    assert second.late_p99_ms == pytest.approx(2, abs=0.1)


def test_what_went_through_is_what_was_both_accepted_and_delivered(experiment):
    figures = read_figures(experiment, load_prices())
    assert figures.best is figures.stages[1]
    assert figures.calm is figures.top is figures.stages[1]
    # One of the first stage arrives in it, and five of its own never.
    assert figures.best.reached_per_s == figures.best.delivered_per_s == 18


def test_calls_logs_and_redeliveries_are_counted_over_all(experiment):
    figures = read_figures(experiment, load_prices())
    assert figures.calls == {"send": 50}
    assert figures.throttled_calls == 11
    assert figures.calls_per_email == 61 / 55
    assert figures.redelivered == 1
    assert (figures.log_files, figures.log_bytes) == (2, 150)
    assert figures.drain_s == 1.5
    (answer,) = figures.answers
    assert (answer.kind, answer.status, answer.count) == ("ok", 202, 60)
    assert answer.p50_ms == pytest.approx(8)
    assert figures.month_usd > figures.usd_per_million > 0


def test_only_writes_that_a_fault_kept_from_the_queue_count_as_failed(experiment):
    figures = read_figures(experiment, load_prices())
    assert figures.writes_failed == 1
    assert figures.faults == ["refused (sqs refuse)"]


def test_an_experiment_that_ended_before_its_load_reached_no_rate(experiment):
    file = experiment / "experiment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"phases": []}))
    figures = read_figures(experiment, load_prices())
    assert figures.best is figures.best_calm is None
    assert find_limit(figures.stages, 2) == NOT_JUDGED


def test_an_experiment_of_no_known_configuration_is_not_compared(experiment):
    file = experiment / "experiment.json"
    record = json.loads(file.read_text()) | {"configuration": "", "configuration_toml": ""}
    file.write_text(json.dumps(record))
    with pytest.raises(EvidenceError, match="not emails on a configuration that is known"):
        read_figures(experiment, load_prices())
