"""`queueproof trace`: an email by any id, of any run, and never anybody's data."""

import json

import pytest
from typer.testing import CliRunner

from queueproof.cli import app
from queueproof.trace import LOG_LINES_MAX, TraceError, trace
from scenarios.evidence import ExperimentRecord, Machine, RunManifest, seal, write_record

SCENARIO = 'name = "x"\nsummary = ""\n[load]\nkind = "emails"\nrate_per_s = 1\nduration_s = 1\n'
LEDGERS = {
    "sender": [
        {"at_s": 1.0, "kind": "invoke", "key": "x-000000", "attempt": 1},
        {"at_s": 1.2, "kind": "ok", "key": "x-000000", "attempt": 1, "status": 202}
        | {"email_id": "em_1"},
    ],
    "queue": [
        {"at_s": 1.1, "event": "stored", "queue": "q", "dedup_id": "em_1", "message_id": "m-1"}
    ],
}
LOG = [
    {"at": "2026-01-01T00:00:00Z", "event": "email sent", "email_id": "em_1", "duration_ms": 3},
    {"event": "sent to Anna Meier", "email_id": "em_1", "reason": "no anna@example.com"},
    {"event": "email sent", "email_id": "em_12"},
]


@pytest.fixture
def run(tmp_path):
    """A run that was killed: the ledgers lie open, one with a torn line."""
    folder = tmp_path / "run"
    (folder / "x" / "logs").mkdir(parents=True)
    for name, rows in LEDGERS.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "x" / f"{name}.jsonl").write_text(lines + '{"at_s": 2.0, "ki')
    lines = [*(json.dumps(line) for line in LOG), "plain: em_1 for Anna Meier"]
    (folder / "x" / "logs" / "worker.log").write_text("\n".join(lines) + "\n")
    record = {"name": "x", "scenario": "x", "scenario_toml": SCENARIO, "seed": 7}
    record |= {"started_at": "2026-01-01T00:00:00+00:00", "origin_s": 1.0}
    write_record(folder / "x" / "experiment.json", ExperimentRecord(**record))
    machine = Machine(system="", python="", cpu_count=1, memory_bytes=1)
    manifest = {"name": "run", "started_at": "", "seed": 7, "commit": None, "versions": {}}
    manifest |= {"machine": machine, "command": [], "experiments": ["x", "never-begun"]}
    write_record(folder / "manifest.json", RunManifest(**manifest))
    return folder


@pytest.mark.parametrize("asked", ["em_1", "x-000000", "m-1"])
@pytest.mark.parametrize("is_sealed", [False, True])
def test_any_id_finds_the_email_in_a_killed_and_in_a_finished_run(run, asked, is_sealed):
    if is_sealed:
        seal(run / "x")
    (found,) = trace(run, asked)
    assert [step.ledger for step in found.card.steps] == ["sender", "queue", "sender"]
    assert found.card.replay == "queueproof run x --seed 7"


def test_log_lines_are_those_that_name_it_without_what_may_be_personal(run):
    (found,) = trace(run, "em_1")
    assert [line.line for line in found.logs] == [1, 2, 4]
    assert found.logs[0].what == "2026-01-01T00:00:00Z email sent duration_ms=3 email_id=em_1"
    assert found.logs[1].what == "(event hidden) reason=(hidden) email_id=em_1"
    assert found.logs[2].what == "(not JSON, so not shown)"
    shown = CliRunner().invoke(app, ["trace", "em_1", "--run", str(run)])
    assert "worker.log:4" in shown.output
    assert "anna" not in shown.output.lower()


def test_log_lines_are_bounded(run):
    log = run / "x" / "logs" / "api.log"
    log.write_text((json.dumps(LOG[0]) + "\n") * 100 + '"em_1' + "x" * 1_000_000)
    (found,) = trace(run, "em_1")
    assert len(found.logs) == LOG_LINES_MAX
    assert found.logs_left_out == 100 + 3 - LOG_LINES_MAX


def test_json_holds_card_and_lines(run):
    shown = CliRunner().invoke(app, ["trace", "em_1", "--run", str(run), "--json"])
    (found,) = json.loads(shown.output)
    assert found["card"]["email_ids"] == ["em_1"]
    assert found["logs"][0]["log"] == "worker.log"


def test_an_unknown_id_says_what_was_searched(run):
    with pytest.raises(TraceError, match=r"'em_2'; searched the ledgers sender, queue.* of x$"):
        trace(run, "em_2")


@pytest.mark.parametrize("asked", ["", "em_1\n", "a\x1b[31m", "x" * 100_000, "\u202e", "é"])
def test_what_cannot_be_an_id_is_refused_without_being_repeated(run, asked):
    with pytest.raises(TraceError, match="1 to 255 printable ASCII characters") as refused:
        trace(run, asked)
    assert len(str(refused.value)) < 300


def test_sql_in_an_id_is_text(run):
    with pytest.raises(TraceError, match="nothing is called"):
        trace(run, "em_1' or '1'='1")


def test_a_damaged_ledger_is_named_beside_what_was_searched(run):
    (run / "x" / "sink.parquet").write_bytes(b"PAR1")
    with pytest.raises(TraceError, match=r"searched no experiment; could not be read: .*sink"):
        trace(run, "em_1")
