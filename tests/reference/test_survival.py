"""Workers that die, workers side by side, providers that fail: real processes, one ledger."""

import signal
from collections import Counter

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("live")

SHORT = {"EMAIL_WORKER_VISIBILITY_TIMEOUT_S": "2", "EMAIL_WORKER_WAIT_TIME_S": "1"}


@pytest.fixture
def break_sqs(pipeline):
    def put(*faults):
        plan = {"faults": [{"label": f"f{n}", **fault} for n, fault in enumerate(faults)]}
        httpx.put(f"{pipeline.endpoint}/_admin/faults", json=plan).raise_for_status()

    return put


@pytest.fixture
def break_provider(pipeline):
    def put(*faults):
        plan = {"faults": [{"label": f"f{n}", **fault} for n, fault in enumerate(faults)]}
        httpx.put(f"{pipeline.sink_url}/_admin/faults", json=plan).raise_for_status()

    return put


def events(pipeline, event):
    return [row for row in pipeline.rows("worker") if row["event"] == event]


def kill_the_worker(pipeline):
    pipeline.signal("worker", signal.SIGKILL)
    pipeline.processes["worker"].wait()


@pytest.mark.parametrize(("ledger", "emails"), [({}, 5), ({"EMAIL_WORKER_LEDGER": "none"}, 10)])
def test_a_worker_killed_between_sent_and_delete_causes_no_second_email_unless_it_has_no_ledger(
    pipeline, break_sqs, ledger, emails
):
    """Without a ledger it does: so the test would see it."""
    pipeline.start_api()
    pipeline.start_worker(**SHORT, **ledger)
    break_sqs({"kind": "outage", "actions": ["DeleteMessageBatch"]})
    for number in range(5):
        assert pipeline.post(f"k{number}", group=f"g{number}").status_code == 202
    pipeline.wait_until(lambda: len(events(pipeline, "sent")) == 5, "all are sent")
    kill_the_worker(pipeline)
    assert events(pipeline, "deleted") == []
    break_sqs()
    pipeline.start_worker(**SHORT, **ledger)
    pipeline.wait_until(lambda: len(events(pipeline, "deleted")) == 5, "all are deleted")
    assert len(events(pipeline, "attempted")) == emails
    assert len(pipeline.rows("sink")) == emails


def test_a_worker_killed_while_a_provider_answers_is_followed_by_one_that_asks_the_same(
    pipeline, break_provider
):
    """What cannot be exactly once: it is tried again, at the provider that may have it."""
    pipeline.start_api()
    pipeline.start_sink()
    break_provider({"kind": "slow", "delay_s": 60, "nth_call": 1, "provider": "ses"})
    pipeline.start_worker(EMAIL_WORKER_PROVIDERS="ses,sendgrid", **SHORT)
    assert pipeline.post("k").status_code == 202
    pipeline.wait_until(lambda: pipeline.rows("sink"), "the provider has it")
    kill_the_worker(pipeline)
    # The next worker would ask another one first.
    pipeline.start_worker(EMAIL_WORKER_PROVIDERS="sendgrid,ses", **SHORT)
    pipeline.wait_until(lambda: events(pipeline, "deleted"), "it is deleted")
    assert [row["provider"] for row in pipeline.rows("sink")] == ["ses", "ses"]
    assert [row["provider"] for row in events(pipeline, "attempted")] == ["ses", "ses"]


def test_two_workers_that_get_the_same_messages_send_each_email_once(pipeline, break_sqs):
    pipeline.start_api()
    both = {**SHORT, "EMAIL_WORKER_VISIBILITY_TIMEOUT_S": "30"}
    for name in ("worker", "worker-2"):
        pipeline.start_worker(name=name, **both)
    # Whatever is received is visible again at once, so both get most of it, more than once.
    break_sqs({"kind": "early-expiry", "visibility_s": 0, "end_s": 3})
    for number in range(30):
        assert pipeline.post(f"k{number:02}", group=f"g{number}").status_code == 202
    pipeline.wait_until(lambda: len(pipeline.rows("sink")) >= 30, "all arrive")
    pipeline.wait_until(
        lambda: (
            {row["email_id"] for row in events(pipeline, "deleted")}
            >= {row["email_id"] for row in pipeline.rows("sink")}
        ),
        "all are deleted",
    )
    received = Counter(row["email_id"] for row in events(pipeline, "received"))
    assert max(received.values()) > 1  # or nothing was tried
    assert [pipeline.end(name) for name in ("worker", "worker-2")] == [0, 0]
    assert len(pipeline.rows("sink")) == 30
    assert len({row["email_id"] for row in pipeline.rows("sink")}) == 30


def test_emails_go_on_by_the_next_provider_while_the_first_is_unavailable(pipeline, break_provider):
    pipeline.start_api()
    pipeline.start_worker(
        EMAIL_WORKER_PROVIDERS="ses,sendgrid,mailgun,smtp", EMAIL_WORKER_CONCURRENCY="1"
    )
    refuse = {"kind": "unavailable"}
    for down in range(4):
        names = ["ses", "sendgrid", "mailgun"][:down]
        break_provider(*({**refuse, "provider": name} for name in names))
        assert pipeline.post(f"k{down}", group=f"g{down}").status_code == 202
        pipeline.wait_until(lambda n=down + 1: len(pipeline.rows("sink")) == n, "it arrives")
    providers = [row["provider"] for row in pipeline.rows("sink")]
    assert providers == ["ses", "sendgrid", "mailgun", "smtp"]
    assert pipeline.end("worker") == 0
    assert '"failed-over":3' in pipeline.log("worker")


def test_no_answer_of_a_provider_is_in_the_log_however_talkative(pipeline):
    pipeline.start_api()
    pipeline.start_sink("--refuse-recipient", "^bob")
    for provider in ("ses", "sendgrid", "mailgun"):
        pipeline.start_worker(
            name=f"worker-{provider}",
            EMAIL_WORKER_PROVIDERS=provider,
            EMAIL_WORKER_LOG_LEVEL="debug",
            EMAIL_WORKER_WAIT_TIME_S="1",
        )
        assert pipeline.post(f"key-{provider}", group=provider).status_code == 202
        log = f"worker-{provider}"
        pipeline.wait_until(lambda n=log: "email not sent" in pipeline.log(n), "it is refused")
        assert pipeline.end(log) == 0
        assert '"reason":"permanent:' in pipeline.log(log)
        for trace in ("bob", "example.com", "s3same", "SG.local", "key-local"):
            assert trace not in pipeline.log(log)
    assert pipeline.rows("sink") == []
