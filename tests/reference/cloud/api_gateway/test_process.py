"""The gateway as a process, before a real SQS that fails and the real worker behind it."""

import json
import subprocess
import sys

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("live")

FAULT = {"label": "f", "kind": "refuse", "actions": ["SendMessage"], "probability": 0.5}
EMAILS = 20


class Sent:
    """What came of emails that were sent while SQS refused half of them."""

    def __init__(self, pipeline, mapping):
        pipeline.start_sqs()
        port = pipeline.start("gateway", arguments_of(pipeline, mapping), port_option="--port-file")
        pipeline.api_url = f"http://127.0.0.1:{port}"
        pipeline.start_worker()
        plan = {"seed": 3, "faults": [FAULT]}
        httpx.put(f"{pipeline.endpoint}/_admin/faults", json=plan).raise_for_status()
        answers = {f"k{n}": pipeline.post(f"k{n}").status_code for n in range(EMAILS)}
        self.stored = sum(row["event"] == "stored" for row in pipeline.rows("queue"))
        pipeline.wait_until(
            lambda: len(pipeline.rows("sink")) == self.stored, "what is stored is delivered"
        )
        assert pipeline.end("gateway") == 0
        self.acknowledged = {key for key, status in answers.items() if status in {200, 202}}
        self.failed = {key for key, status in answers.items() if status >= 500}
        self.delivered = {row["key"] for row in pipeline.rows("sink")}
        self.log = pipeline.log("gateway")


@pytest.fixture(scope="module")
def sent(tmp_path_factory, pipeline_in):
    """By mapping."""
    found = {}
    for mapping in ("careful", "default-200"):
        with pipeline_in(tmp_path_factory.mktemp(mapping)) as pipeline:
            found[mapping] = Sent(pipeline, mapping)
    return found


def arguments_of(pipeline, mapping):
    return [
        "reference.cloud.api_gateway",
        *("--endpoint-url", pipeline.endpoint, "--queue-url", pipeline.queue_url),
        *("--mapping", mapping, "--journal", str(pipeline.folder / "gateway.jsonl")),
    ]


def test_with_the_careful_mapping_what_is_acknowledged_is_delivered(sent):
    careful = sent["careful"]
    assert careful.acknowledged == careful.delivered
    assert len(careful.acknowledged) + len(careful.failed) == EMAILS
    assert careful.failed


def test_with_the_default_of_200_emails_are_acknowledged_and_lost(sent):
    default_200 = sent["default-200"]
    assert len(default_200.acknowledged) == EMAILS
    assert 0 < len(default_200.acknowledged - default_200.delivered) < EMAILS


def test_the_log_has_a_line_for_each_request_and_nothing_of_its_content(sent):
    lines = [json.loads(line) for line in sent["careful"].log.splitlines()]
    assert sum(line["event"] == "request" for line in lines) == EMAILS
    assert "example.com" not in sent["careful"].log
    assert "s3same" not in sent["careful"].log


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "reference.cloud.api_gateway", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**environment},
        check=False,
    )


QUEUE = ["--endpoint-url", "http://127.0.0.1:9", "--queue-url", "http://127.0.0.1:9/1/q"]


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["--endpoint-url", "http://127.0.0.1:9"], {}, "--queue-url"),
        ([*QUEUE, "--mapping", "careless"], {}, "careful"),
        ([*QUEUE, "--throttle-rate", "0"], {}, "a number from 1 on"),
        ([*QUEUE[:3], "http://127.0.0.1:9/q"], {}, "ends with an account and a queue"),
        (["--endpoint-url", "ftp://x", *QUEUE[2:]], {}, "an http:// or https:// URL is wanted"),
        ([*QUEUE, "--journal", "/dev/null/j"], {}, "/dev/null"),
        (QUEUE, {"EMAIL_API_KEYS": '{"shop": "hush"}'}, "EMAIL_API_KEYS"),
    ],
)
def test_bad_input_ends_with_two_and_a_line_that_says_what_is_wrong(arguments, environment, said):
    done = run(*arguments, **environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr
