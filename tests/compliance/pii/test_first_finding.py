"""The first canary is told before the libraries that take a second to load are asked for."""

import json
import subprocess
import sys

import pytest

CANARY = "jane.doe@example.com"
OTHERS = (
    "INFO login of someone@example.org from 81.2.69.142\n"
    "INFO paid with 4111111111111111 from GB33BUKB20201555555555\n"
)
# Says which heavy libraries are loaded at the first finding, and after the scan.
WATCH = """
import io, json, sys
HEAVY = ("numpy", "pydantic", "regex", "spacy")  # regex is what Presidio matches with
loaded = lambda: [name for name in HEAVY if name in sys.modules]
from compliance.pii.cli import main
told = {"imported": loaded()}
class Out(io.StringIO):
    def write(self, text):
        if '"canary/' in text:
            told.setdefault("at first canary", loaded())
        return super().write(text)
out, sys.stdout = sys.stdout, Out()
told["code"] = main(sys.argv[1:])
told["printed"] = sys.stdout.getvalue()
told["at the end"] = loaded()
json.dump(told, out)
"""


@pytest.fixture
def watched(tmp_path):
    """Scans a log in a fresh interpreter; returns what was loaded when."""
    canaries = tmp_path / "canaries.jsonl"
    canaries.write_text(json.dumps({"kind": "email", "value": CANARY}) + "\n")

    def scan(text):
        log = tmp_path / "app.log"
        log.write_text(text)
        options = ["--canaries", str(canaries), "--format", "jsonl", "--no-ner"]
        finished = subprocess.run(
            [sys.executable, "-c", WATCH, str(log), *options],
            capture_output=True,
            check=True,
            text=True,
        )
        return json.loads(finished.stdout)

    return scan


@pytest.mark.parametrize(
    "text",
    [
        f"INFO sent to {CANARY}\n",
        f"INFO sent to {CANARY} by {OTHERS}",
        f"{OTHERS * 50}INFO sent to {CANARY}\n",
    ],
    ids=["alone", "beside other data", "after other data"],
)
def test_a_canary_in_the_first_megabyte_is_told_before_presidio_and_spacy_load(watched, text):
    told = watched(text)
    assert told["imported"] == []
    assert told["at first canary"] == []
    assert told["code"] == 1


def test_what_waited_for_the_first_canary_is_found_with_its_lines(watched):
    told = watched(f"{OTHERS * 3}INFO sent to {CANARY}\n{OTHERS}")
    assert told["at the end"] == ["regex"]  # no name is looked for, so no model either
    rows = [json.loads(row) for row in told["printed"].splitlines()]
    rules = {row["fingerprint"]: row["rule_id"] for row in rows if row["type"] == "result"}
    lines = {rules[row["fingerprint"]]: row["lines"] for row in rows if row["type"] == "count"}
    assert lines == {
        "canary/email": 1,
        "pattern/EMAIL_ADDRESS": 4,
        "pattern/IP_ADDRESS": 4,
        "pattern/CREDIT_CARD": 4,
        "pattern/IBAN_CODE": 4,
    }


def test_a_message_id_that_is_an_iban_is_not_told_with_the_canary(watched):
    record = {"message": f"sent to {CANARY}", "message_id": "GB33BUKB20201555555555"}
    told = watched(json.dumps(record) + "\n")
    assert "canary/email" in told["printed"]
    assert "GB33BUKB" not in told["printed"]
