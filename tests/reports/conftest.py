"""A synthetic run whose figures can be worked out by hand.

Twenty emails, two a second, each answered 10 ms after it left and delivered 100 ms after its 202.
The four due at seconds 4.0 to 5.5 leave only at 6.0: the sender was held back for two seconds. The
last one is never delivered.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from compliance.verdict import (
    ActiveFault,
    Card,
    ClaimVerdict,
    Judgement,
    Offence,
    Outcome,
    Step,
    Verdict,
)
from scenarios.evidence import (
    ExperimentRecord,
    Machine,
    Phase,
    RunManifest,
    read_ledger,
    seal,
    write_record,
)

ORIGIN_S = 1000.0
Rows = list[dict[str, Any]]


def write_ledgers(experiment: Path, **ledgers: Rows) -> None:
    experiment.mkdir(parents=True, exist_ok=True)
    for name, rows in ledgers.items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (experiment / f"{name}.jsonl").write_text(text)


def experiment_record(name: str, **changes: Any) -> ExperimentRecord:
    fields: dict[str, Any] = {
        "name": name,
        "scenario": name,
        "scenario_toml": f'name = "{name}"\n',
        "seed": 7,
        "started_at": "2026-01-02T03:04:05Z",
        "origin_s": ORIGIN_S,
        "phases": [
            Phase(name="load", start_s=ORIGIN_S, end_s=ORIGIN_S + 10),
            Phase(name="drain", start_s=ORIGIN_S + 10, end_s=ORIGIN_S + 12),
        ],
        "drained": True,
    }
    return ExperimentRecord(**(fields | changes))


def run_manifest(*experiments: str, **changes: Any) -> RunManifest:
    fields: dict[str, Any] = {
        "name": "verify",
        "started_at": "2026-01-02T03:04:05Z",
        "finished_at": "2026-01-02T03:07:00Z",
        "seed": 7,
        "commit": "abc1234",
        "versions": {"queueproof": "0.1.0"},
        "machine": Machine(
            system="Linux",
            python="3.12.3",
            cpu_count=2,
            memory_bytes=8 * 2**30,
            cpu_model="Example",
        ),
        "command": ["/somewhere/bin/queueproof", "verify", "--seed", "7"],
        "experiments": list(experiments),
    }
    return RunManifest(**(fields | changes))


def sender_and_sink() -> tuple[Rows, Rows]:
    sender, sink = [], []
    for i in range(20):
        due_s = ORIGIN_S + 0.5 * i
        left_s = ORIGIN_S + 6.0 if 4.0 <= due_s - ORIGIN_S < 6.0 else due_s
        attempt = {"key": f"k{i}", "attempt": 1, "group": "g"}
        sender.append({"at_s": left_s, "kind": "invoke", "intended_s": due_s} | attempt)
        answer = {"at_s": left_s + 0.010, "kind": "ok", "status": 202, "email_id": f"e{i}"}
        sender.append(answer | attempt)
        if i < 19:
            sink.append({"at_s": left_s + 0.110, "email_id": f"e{i}", "key": f"k{i}"})
    return sender, sink


def metrics() -> Rows:
    rows = []
    for second in range(12):
        at_s = ORIGIN_S + second + 0.5
        share = 0.5 if second < 10 else 0.0
        queue = {"at_s": at_s, "source": "queue:emails.fifo"}
        rows += [
            {"at_s": at_s, "source": "api", "name": "cpu_share", "value": share},
            queue | {"name": "ApproximateNumberOfMessagesVisible", "value": float(second)},
            queue | {"name": "ApproximateNumberOfMessagesNotVisible", "value": 2.0},
        ]
        if second == 6:
            rows.append(queue | {"name": "ApproximateAgeOfOldestMessage", "value": 3.0})
    rows.append({"at_s": ORIGIN_S + 3.5, "source": "api", "name": "cpu_share", "value": 0.94})
    return rows


def faults() -> Rows:
    outage = {"fault": "sqs-outage", "kind": "outage"}
    refuse = {
        "fault": "write-refused",
        "kind": "refuse",
        "action": "SendMessage",
        "queue": "q.fifo",
    }
    return [
        {"at_s": ORIGIN_S + 1, "event": "start"} | refuse,
        {"at_s": ORIGIN_S + 2, "event": "fired", "stored": False} | refuse,
        {"at_s": ORIGIN_S + 3, "event": "fired", "stored": True} | refuse,
        {"at_s": ORIGIN_S + 4, "event": "start"} | outage,
        {"at_s": ORIGIN_S + 6, "event": "end"} | outage,
    ]


@pytest.fixture
def baseline_run(tmp_path: Path) -> Path:
    run = tmp_path / "runs" / "20260102-verify"
    sender, sink = sender_and_sink()
    write_ledgers(run / "baseline", sender=sender, sink=sink, metrics=metrics(), faults=faults())
    write_record(run / "baseline" / "experiment.json", experiment_record("baseline"))
    seal(run / "baseline")
    write_record(run / "manifest.json", run_manifest("baseline"))
    return run


def verdict(claim: str, outcome: Outcome, experiment: str = "baseline", **more: Any) -> Verdict:
    fields: dict[str, Any] = {"summary": f"what decided {claim}", "replay": "queueproof run x"}
    return Verdict(claim=claim, experiment=experiment, outcome=outcome, **(fields | more))


def claim(verdict: Verdict) -> ClaimVerdict:
    return ClaimVerdict(
        claim=verdict.claim,
        text=f"The text of {verdict.claim}.",
        outcome=verdict.outcome,
        summary=verdict.summary,
        verdicts=[verdict],
    )


def card_about(text: str) -> Card:
    """A card in which every text is `text`."""
    return Card(
        experiment=text,
        keys=[text],
        email_ids=[text],
        message_ids=[text],
        group=text,
        seed=7,
        steps=[
            Step(at_s=9.5, after_s=0.0, ledger="sender", what=text),
            Step(at_s=9.4999, after_s=-0.0001, ledger=text, what=text),
        ],
        steps_left_out=3,
        faults=[
            ActiveFault(label=text, kind=text, where=text, start_s=1.0, end_s=None, named_it=2)
        ],
        replay=text,
    )


@pytest.fixture
def judgement() -> Judgement:
    lost = Offence(
        id="k19", what="acknowledged, never delivered", at_s=9.51, card=card_about("e19")
    )
    return Judgement(
        run="20260102-verify",
        claims=[
            claim(verdict("no-loss", Outcome.REFUTED, offences=[lost], offence_count=1)),
            claim(verdict("order", Outcome.VERIFIED, figures={"groups": 1, "p99_ms": 12.34567})),
            claim(
                verdict("resend-safe", Outcome.INCONCLUSIVE, reasons=["the sample is too small"])
            ),
            ClaimVerdict(
                claim="scale-out",
                text="Workers follow.",
                outcome=None,
                summary="",
                see=["queueproof compare"],
            ),
        ],
    )


HOSTILE = (
    "</script><script>alert(1)</script>\x1b[31m\u202e\"'&<b>`|](http://evil.example.com) ${7*7}"
)


@pytest.fixture
def hostile_text() -> str:
    """Tries to leave HTML, scripts, attributes, Markdown, XML, a terminal and a line."""
    return HOSTILE + "\nsecond line " + "x" * 10_000


@pytest.fixture
def hostile_run(tmp_path: Path, hostile_text: str) -> tuple[Path, Judgement]:
    """A run in which every text that the system under test can influence is hostile."""
    run = tmp_path / "runs" / "hostile"
    sender, sink = sender_and_sink()
    for row in sender:
        if row["kind"] == "ok" and row["key"] in {"k0", "k1"}:
            row |= {"kind": "fail", "status": 500, "code": hostile_text}
    rows = metrics() + [
        {"at_s": ORIGIN_S, "source": hostile_text, "name": name, "value": 1.0}
        for name in ("cpu_share", "ApproximateNumberOfMessagesVisible")
    ]
    bad_fault = {"fault": hostile_text, "kind": hostile_text, "action": hostile_text}
    calls = {"action": hostile_text, "outcome": "admitted", "code": hostile_text}
    write_ledgers(
        run / "bad",
        sender=sender,
        sink=sink,
        metrics=rows,
        faults=[{"at_s": ORIGIN_S + 1, "event": "start"} | bad_fault],
        calls=[{"at_s": ORIGIN_S, "intended_s": ORIGIN_S, "completed_s": ORIGIN_S + 1} | calls],
    )
    record = experiment_record(
        "bad",
        scenario=hostile_text,
        scenario_toml=hostile_text,
        problems=[hostile_text],
        interrupted=hostile_text,
        target=hostile_text,
        queue={hostile_text: hostile_text},
    )
    write_record(run / "bad" / "experiment.json", record)
    manifest = run_manifest(
        "bad", name=hostile_text, versions={hostile_text: hostile_text}, command=[hostile_text]
    )
    write_record(run / "manifest.json", manifest)
    offence = Offence(id=hostile_text, what=hostile_text, card=card_about(hostile_text))
    verdicts = [
        verdict(
            hostile_text,
            outcome,
            experiment=experiment,
            summary=hostile_text,
            offences=[offence],
            offence_count=1,
            figures={hostile_text: hostile_text},
            reasons=[hostile_text],
            replay=hostile_text,
        )
        for outcome in Outcome
        for experiment in ("bad", hostile_text)
    ]
    return run, Judgement(run=hostile_text, claims=[claim(one) for one in verdicts])


@pytest.fixture
def ledger_rows():
    """Adds rows to the ledgers of a sealed experiment, which may be sealed again."""

    def add(experiment: Path, **ledgers: Rows) -> None:
        old = {name: read_ledger(experiment, name).to_pylist() for name in ledgers}
        for name, rows in ledgers.items():
            (experiment / f"{name}.parquet").unlink()
            write_ledgers(experiment, **{name: old[name] + rows})

    return add


@pytest.fixture
def killed_run(tmp_path: Path) -> Path:
    """A run that was killed: open ledgers with a torn line, no phases, a fault without an end."""
    run = tmp_path / "runs" / "killed"
    sender, sink = sender_and_sink()
    write_ledgers(run / "baseline", sender=sender, sink=sink, faults=faults()[:4])
    with (run / "baseline" / "sender.jsonl").open("a") as ledger:
        ledger.write('{"at_s": 1010.0, "ki')
    record = experiment_record("baseline", phases=[], drained=None, interrupted="killed")
    write_record(run / "baseline" / "experiment.json", record)
    write_record(run / "manifest.json", run_manifest("baseline", "never-begun", finished_at=None))
    return run
