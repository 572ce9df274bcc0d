"""Lambda spreads a function's log over a stream an environment; the scan reads them all."""

import threading
import time

import boto3
import pytest
from moto import mock_aws

from compliance.pii.cli import main

GROUP = "/aws/lambda/f"
LEAK = "mail to jane.doe@example.com bounced"


@pytest.fixture
def leaky(make_function):
    """Three environments at work at once, one of which logs an address."""
    function = make_function("functions:says")
    said = ["sent em_1", LEAK, "sent em_3"]
    running = [threading.Thread(target=function.invoke, args=(text,)) for text in said]
    for each in running:
        each.start()
    for each in running:
        each.join()
    assert len(function.logs()) == 3
    (stream,) = [name for name, text in function.logs().items() if LEAK in text]
    return function.folder, stream


def test_a_leak_in_one_environments_stream_is_found(leaky, capsys):
    folder, stream = leaky
    for pattern in ("", "f", "f/*/*/*/*.log", "**/*.log"):
        assert main([str(folder / pattern), "--no-ner"]) == 1
        out = capsys.readouterr().out
        assert f"[$LATEST]{stream}.log:2" in out, pattern
        assert "jane" not in out


def test_without_the_leak_lambdas_own_lines_are_clean(leaky, capsys):
    """START, END and REPORT are full of numbers and hex digits; they are nobody's."""
    folder, stream = leaky
    next(folder.rglob(f"*{stream}.log")).unlink()
    assert main([str(folder)]) == 0
    assert "no personal data found" in capsys.readouterr().out


def test_a_leak_is_found_in_cloudwatch_logs_too(leaky, capsys, monkeypatch):
    folder, stream = leaky
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = boto3.client("logs")
        client.create_log_group(logGroupName=GROUP)
        for path in folder.rglob("*.log"):
            name = str(path.relative_to(folder / "f").with_suffix(""))
            client.create_log_stream(logGroupName=GROUP, logStreamName=name)
            client.put_log_events(
                logGroupName=GROUP,
                logStreamName=name,
                logEvents=[
                    {"timestamp": int(time.time() * 1000), "message": line}
                    for line in path.read_text().splitlines()
                ],
            )
        assert main([f"cloudwatch:{GROUP}", "--no-ner"]) == 1
    out = capsys.readouterr().out
    assert f"[$LATEST]{stream}:2" in out
    assert "1 line" in out
