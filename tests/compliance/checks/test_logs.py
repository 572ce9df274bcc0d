"""no-pii-logs: whose logs are read, a Lambda function's many streams among them."""

import json
from types import SimpleNamespace

import pytest

from compliance.checks import logs
from compliance.history import History
from compliance.verdict import Outcome
from loadtests.logscan import plant_control
from scenarios.arrivals import canaries, synthetic_people
from scenarios.model import load_scenario

SCAN = """
name = "scan"
summary = "the worker's logs"
claims = ["no-pii-logs"]

[load]
kind = "log-scan"
of = ["source"]
components = ["worker"]
"""
STREAM = "worker/email-worker/2026/01/01/[$LATEST]"


@pytest.fixture
def scan(make_story, tmp_path):
    """Judges the logs of a run with two emails, given their lines by name."""
    source = make_story(name="source")
    for key in ("first", "other"):
        source.healthy(key)
    person = synthetic_people(source.history().scenario.load.people, 1)[0]
    address = next(value for kind, value in canaries([person]) if kind == "email")
    (source.folder / "canaries.jsonl").write_text(
        json.dumps({"kind": "email", "value": address}) + "\n"
    )

    def write(**by_name):
        for name, lines in by_name.items():
            path = source.folder / "logs" / f"{name}.log"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines).replace("ADDRESS", address) + "\n")

    def judge(**lines):
        write(**lines)
        (tmp_path / "scan.toml").write_text(SCAN)
        scenario, _ = load_scenario(str(tmp_path / "scan.toml"))
        plant_control(scenario, SCAN, tmp_path / "scan", [source.folder], seed=1)
        return logs.check_logs(tmp_path, History(tmp_path / "scan"))

    return SimpleNamespace(write=write, judge=judge)


def test_streams_of_a_function_count_as_the_workers_log(scan):
    verdict = scan.judge(**{f"{STREAM}1": ["sent em_first"], f"{STREAM}2": ["sent em_other"]})
    assert (verdict.outcome, verdict.figures["logs"]) == (Outcome.VERIFIED, 2)


def test_a_leak_in_one_of_the_streams_is_found(scan):
    lines = {f"{STREAM}{n}": ["sent em_first", "sent em_other"] for n in range(5)}
    lines[f"{STREAM}3"].append("to ADDRESS")
    verdict = scan.judge(worker=["polling"], **lines)
    assert (verdict.outcome, verdict.figures["logs"]) == (Outcome.REFUTED, 6)
    assert f"{STREAM}3.log:3" in verdict.offences[0].id


def test_streams_that_do_not_name_the_emails_are_doubted_and_a_missing_log_missed(scan, tmp_path):
    scan.write(worker=["polling"], **{f"{STREAM}1": ["sent em_first"]})
    doubts = logs._Scanned(tmp_path / "source", ["worker", "api"]).doubts
    assert doubts[0] == "source/logs/api.log is missing"
    assert "worker.log names 50% of the accepted emails" in doubts[1]
