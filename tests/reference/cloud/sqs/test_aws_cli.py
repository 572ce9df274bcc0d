"""The AWS CLI does a FIFO round trip against the local SQS by endpoint URL alone.

It runs where there is an `aws` on the PATH. The CLI pins a botocore of its own, so it is no
dependency of this project and is not installed beside it.
"""

import json
import os
import shutil
import subprocess

import pytest

AWS = shutil.which("aws")
WHY_NOT = "no aws on the PATH answers --version: install the AWS CLI to run this test"


@pytest.fixture
def aws(endpoint, tmp_path):
    """Runs the CLI with none of the user's own settings; returns its JSON."""
    # A shim of a version manager may be there without a CLI behind it.
    if (
        AWS is None
        or subprocess.run([AWS, "--version"], capture_output=True, check=False).returncode
    ):
        pytest.skip(WHY_NOT)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }

    def run(*arguments, fails=False):
        command = [AWS, "--endpoint-url", endpoint, "--output", "json", "sqs", *arguments]
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout or "{}")

    return run


@pytest.mark.xdist_group("live")
def test_the_aws_cli_does_a_fifo_round_trip(aws):
    fifo = ("--attributes", "FifoQueue=true")
    at_queue = ("--queue-url", aws("create-queue", "--queue-name", "cli.fifo", *fifo)["QueueUrl"])

    def send(text, dedup_id):
        ids = ("--message-group-id", "g", "--message-deduplication-id", dedup_id)
        return aws("send-message", *at_queue, "--message-body", text, *ids)

    first, _, repeat = send("one", "1"), send("two", "2"), send("one again", "1")
    assert repeat["MessageId"] == first["MessageId"]
    received = aws("receive-message", *at_queue, "--max-number-of-messages", "1")["Messages"]
    assert [each["Body"] for each in received] == ["one"]
    assert aws("receive-message", *at_queue) == {}
    aws("delete-message", *at_queue, "--receipt-handle", received[0]["ReceiptHandle"])
    assert [each["Body"] for each in aws("receive-message", *at_queue)["Messages"]] == ["two"]
    assert "NonExistentQueue" in aws("get-queue-url", "--queue-name", "none", fails=True)
