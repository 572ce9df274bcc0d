"""`queueproof cost`: a finished run's price, as text and as JSON."""

import json

import pytest
from typer.testing import CliRunner

from queueproof.cli import app
from scenarios.evidence import ExperimentRecord, Machine, Phase, RunManifest, write_record

SCENARIO = """
name = "baseline"
summary = "x"
claims = []
load = { kind = "emails", rate_per_s = 10, duration_s = 10 }
"""


@pytest.fixture
def run(tmp_path):
    """Ten emails, each sent, received and deleted by a call of its own, in ten seconds."""
    folder = tmp_path / "baseline"
    folder.mkdir()
    metrics = [
        {"at_s": at_s, "source": "api", "name": "cpu_share", "value": 0.01} for at_s in (1, 11)
    ] + [
        {"at_s": 11, "source": "queue:a.fifo", "name": f"admitted_calls.{kind}", "value": 10}
        for kind in ("send", "receive", "delete")
    ]
    rows = {
        "metrics": metrics,
        "sender": [{"at_s": 2, "kind": "invoke", "key": f"k{n}", "attempt": 1} for n in range(10)],
        "sink": [{"at_s": 3, "key": f"k{n}", "email_id": f"e{n}"} for n in range(10)],
    }
    for name, events in rows.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    record = {
        "name": "baseline",
        "scenario": "baseline",
        "scenario_toml": SCENARIO,
        "seed": 1,
        "started_at": "2026-01-01T00:00:00+00:00",
        "origin_s": 0.0,
        "phases": [Phase(name="load", start_s=1, end_s=11)],
    }
    write_record(folder / "experiment.json", ExperimentRecord(**record))
    manifest = {
        "name": tmp_path.name,
        "started_at": "2026-01-01T00:00:00+00:00",
        "seed": 1,
        "commit": None,
        "versions": {},
        "command": [],
        "experiments": ["baseline"],
        "machine": Machine(system="Linux", python="3.11", cpu_count=2, memory_bytes=1),
    }
    write_record(tmp_path / "manifest.json", RunManifest(**manifest))
    return tmp_path


def ask(*arguments):
    return CliRunner().invoke(app, ["cost", *map(str, arguments)])


def test_json_holds_rows_totals_and_the_month_that_was_asked_for(run):
    shown = ask(run, "--json", "--emails-per-month", 2_000_000)
    assert shown.exit_code == 0, shown.output
    told = json.loads(shown.stdout)["experiments"]["baseline"]
    sqs = [row for row in told["cost"]["rows"] if row["item"] == "sqs-fifo-request"]
    assert sum(row["usd_per_million"] for row in sqs) == pytest.approx(1.50)
    assert told["month"]["emails_per_month"] == 2_000_000
    assert told["month"]["provider_usd"] == pytest.approx(200)


def test_text_names_the_bill_and_what_is_not_priced(run):
    shown = ask(run, "--emails-per-month", 2_000_000)
    assert "A month of 2,000,000 emails" in shown.stdout
    assert "$200.00 for the provider" in shown.stdout
    assert "Not priced: data transfer between availability zones" in shown.stdout
    assert "10 emails are few" in shown.stdout


def test_the_free_tier_is_taken_off_when_asked_for(run):
    plain, free = (
        json.loads(ask(run, "--json", *more).stdout)["experiments"]["baseline"]["month"]
        for more in ((), ("--free-tier",))
    )
    assert plain["pipeline_usd"] - free["pipeline_usd"] >= 0.50  # a million SQS requests


def test_a_run_without_emails_is_refused_with_what_to_do(run):
    (run / "baseline" / "sink.jsonl").unlink()
    shown = ask(run)
    assert shown.exit_code != 0
    assert "queueproof run baseline" in str(shown.exception)
