"""What scan, lint and audit write as SARIF is valid, clean or not, whole or not."""

import pytest

from compliance.pii.cli import main as scan
from compliance.pii.source_check.cli import main as lint
from compliance.queue_audit.cli import main as audit

LEAK = "INFO login of Jane Doe <jane.doe@example.com> from 81.2.69.142\n"
SOURCE = "import logging\n\ndef greet(user):\n    name = user.email\n    logging.info(name)\n"
QUEUE = "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n"


@pytest.fixture
def written(tmp_path, capsys, monkeypatch):
    """Runs a command on files; returns its exit code and its output."""
    monkeypatch.chdir(tmp_path)

    def run(command, arguments, **texts):
        for name, text in texts.items():
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        code = command([*arguments, "--format", "sarif"])
        return code, capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("command", "arguments", "texts", "code", "rules"),
    [
        (scan, ["a", "--no-ner"], {"a": LEAK}, 1, {"pattern/EMAIL_ADDRESS", "pattern/IP_ADDRESS"}),
        (scan, ["a", "--no-ner"], {"a": "INFO started\n"}, 0, set()),
        (scan, ["a", "b c", "--no-ner"], {"a": LEAK[:20], "b c": b"PK\x03\x04"}, 3, set()),
        (lint, ["a.py"], {"a.py": SOURCE}, 1, {"pii-log"}),
        (lint, ["a.py"], {"a.py": "x = 1\n"}, 0, set()),
        (lint, ["a.py"], {"a.py": "def"}, 3, set()),
        (audit, ["--template", "t"], {"t": QUEUE}, 1, {"sqs/tls-only", "sqs/dead-letter"}),
    ],
    ids=[
        "scan",
        "clean scan",
        "incomplete scan",
        "lint",
        "clean lint",
        "lint of no Python",
        "audit",
    ],
)
def test_sarif_is_valid(written, valid_sarif, command, arguments, texts, code, rules):
    found_code, text = written(command, arguments, **texts)
    [run] = valid_sarif(text)["runs"]
    assert found_code == code
    assert {result["ruleId"] for result in run["results"]} == rules
    assert run["invocations"][0]["executionSuccessful"] is (code != 3)
