"""`run --target-file`: what is refused before anything is asked, and a run that stays in its limit.

A local API and SQS stand in for AWS: nothing here leaves the machine.
"""

import threading
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from compliance.checks.cost import MILLION
from compliance.pricing.table import load_prices
from loadtests.deployed import DeployedQueues
from loadtests.live import Target, drive
from loadtests.options import TargetError
from loadtests.spending import SpendMeter
from queueproof.cli import app
from queueproof.deployed import deployed_target, usd_per_attempt
from queueproof.suite import plan
from reference.clock import MonotonicClock
from reference.cloud.api_gateway.app import RestApi
from reference.cloud.api_gateway.definition import load_api
from reference.cloud.sqs.background import running
from reference.cloud.sqs.server import HttpServer
from reference.journal import NullJournal
from reference.listening import bind
from scenarios.configuration import configuration_names, load_configuration
from scenarios.evidence import read_ledger

TARGET = """
name = "staging"
configuration = "{configuration}"
region = "us-east-1"
api_url = "{api}"
sqs_endpoint = "{sqs}"
queue_urls = ["{queue}"]
spend_limit_usd = {limit}
i_own_this_target = true
provider_is_a_sink = true
"""
SCENARIO = """
name = "short"
summary = "A short steady load."
claims = ["no-loss"]

[load]
kind = "emails"
rate_per_s = 20
duration_s = 2

[expect]
drain_timeout_s = 10
"""
ELSEWHERE = {"api": "https://api.example.com", "sqs": "https://sqs.example.com"}
QUEUE = "https://sqs.example.com/123456789012/emails.fifo"


@pytest.fixture
def owner(monkeypatch, tmp_path):
    """Credentials, and a home that has none of its own."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return monkeypatch


def files(folder, *, limit=1.0, configuration="fifo", queue=QUEUE, **places):
    target, scenario = folder / "staging.toml", folder / "short.toml"
    text = TARGET.format(limit=limit, configuration=configuration, queue=queue, **places)
    target.write_text(text)
    scenario.write_text(SCENARIO)
    return target, scenario


def target_of(folder, api_key="key", **changes):
    target, scenario = files(folder, **{**ELSEWHERE, **changes})
    return deployed_target(target, plan([str(scenario)]), api_key=api_key)


def test_a_plan_within_its_limit_is_allowed_and_metered(owner, tmp_path):
    target = target_of(tmp_path)
    assert target.owned
    assert target.queues == DeployedQueues(ELSEWHERE["sqs"], "us-east-1", [QUEUE])
    assert target.spending.why_stop() is None


def test_without_credentials_it_is_refused(owner, tmp_path):
    owner.delenv("AWS_ACCESS_KEY_ID")
    owner.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(TargetError, match=r"staging\.toml: no AWS credentials are configured"):
        target_of(tmp_path)


def test_without_an_api_key_it_is_refused(owner, tmp_path):
    with pytest.raises(TargetError, match="no API key; set QUEUEPROOF_API_KEY"):
        target_of(tmp_path, api_key="")


def test_a_plan_that_costs_more_than_the_limit_is_refused_with_both_figures(owner, tmp_path):
    with pytest.raises(TargetError, match=r"spend_limit_usd is 0\.001, and 40 emails cost about"):
        target_of(tmp_path, limit=0.001)


@pytest.mark.parametrize("name", configuration_names())
def test_an_email_costs_more_than_its_provider_and_less_than_a_letter(name):
    each_usd = usd_per_attempt(load_configuration(name)[0], load_prices())
    assert 100 < each_usd * MILLION < 400  # SES alone is 100 dollars a million


@pytest.mark.parametrize(
    "more",
    [["--target", "http://127.0.0.1:1"], ["--configuration", "fifo"], ["--sim"], ["--distributed"]],
)
def test_a_target_file_goes_with_no_other_target(owner, tmp_path, more, capsys):
    target, scenario = files(tmp_path, **ELSEWHERE)
    done = CliRunner().invoke(app, ["run", str(scenario), "--target-file", str(target), *more])
    assert "leave --target, --configuration, --sim and --distributed out" in f"{done.exception}"


def test_queues_are_watched_until_they_are_empty(owner):
    with running() as endpoint:
        queues = DeployedQueues(endpoint, "us-east-1", [])
        client = queues._client()
        url = client.create_queue(QueueName="q")["QueueUrl"]
        queues = DeployedQueues(endpoint, "us-east-1", [url])
        assert queues.attributes()["QueueArn"].endswith(":q")
        assert queues.wait_until_empty(5, poll_s=0.01)
        client.send_message(QueueUrl=url, MessageBody="b")
        assert not queues.wait_until_empty(0.1, poll_s=0.01)
        client.close()


@contextmanager
def stand_in():
    """(URL of an API, its queues): API Gateway before SQS, both in this process."""
    with running() as endpoint:
        queues = DeployedQueues(endpoint, "us-east-1", [])
        client = queues._client()
        url = client.create_queue(QueueName="q")["QueueUrl"]
        gateway = RestApi(
            load_api("careful"),
            endpoint_url=endpoint,
            queue_url=url,
            keys={"shop": "key-of-the-shop"},
            clock=MonotonicClock(),
            journal=NullJournal(),
        )
        listener, started = bind("127.0.0.1", 0), threading.Event()
        server = HttpServer(gateway, started.set)
        thread = threading.Thread(target=server.run, args=(listener,))
        thread.start()
        try:
            assert started.wait(20)
            port = listener.getsockname()[1]
            yield f"http://127.0.0.1:{port}", DeployedQueues(endpoint, "us-east-1", [url])
        finally:
            server.stop()
            thread.join(20)
            listener.close()
            client.close()


@pytest.mark.xdist_group("live")
def test_a_run_ends_before_it_passes_its_limit_and_says_so(owner, tmp_path):
    impatient = SCENARIO.replace("drain_timeout_s = 10", "drain_timeout_s = 1")
    (tmp_path / "short.toml").write_text(impatient)
    (planned,) = plan([str(tmp_path / "short.toml")])
    with stand_in() as (url, queues):
        meter = SpendMeter(limit_usd=1.0, usd_per_attempt=1 / 15)
        target = Target(url, "key-of-the-shop", owned=False, queues=queues, spending=meter)
        record = drive(
            planned.scenario,
            planned.text,
            tmp_path / "run",
            seed=1,
            key_prefix="p",
            say=lambda text: None,
            configuration=planned.configuration,
            configuration_toml=planned.configuration_text,
            target=target,
        )
    assert any("could pass the spend limit of $1" in problem for problem in record.problems)
    assert record.drained is False  # nobody takes anything out there
    assert record.queue["QueueArn"].endswith(":q")
    kinds = [row["kind"] for row in read_ledger(tmp_path / "run", "sender").to_pylist()]
    # Looked at ten times a second, at 20 emails a second.
    assert 14 <= kinds.count("invoke") <= 25
    assert "ok" in kinds
