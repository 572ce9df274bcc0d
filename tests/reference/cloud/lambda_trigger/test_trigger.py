"""The trigger as a process, with a local SQS: what fails comes back, and nothing is lost."""

import json
import time

import psutil
import pytest

from reference.cloud.lambda_trigger import __main__ as command

pytestmark = pytest.mark.xdist_group("live")


def send(rig, url, *bodies, group="g"):
    is_fifo = url.endswith(".fifo")
    for n, body in enumerate(bodies):
        named = {"MessageGroupId": group, "MessageDeduplicationId": f"{body}-{group}-{n}"}
        rig.sqs.send_message(QueueUrl=url, MessageBody=body, **(named if is_fifo else {}))


def until(rig, name, condition, what):
    deadline_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline_s, f"{what}; {rig.output(name)}"
        time.sleep(0.05)


@pytest.mark.parametrize("queue_name", ["partial", "partial.fifo"])
def test_what_is_listed_comes_back_until_it_is_parked_and_the_rest_is_deleted(rig, queue_name):
    url, dlq = rig.queue(queue_name, visibility_s=1, receives_max=2)
    send(rig, url, "ok", "fail", "ok")
    name = queue_name.replace(".", "-")
    rig.trigger(name, url, "functions:failing", "--timeout-s", "1")
    until(rig, name, lambda: not rig.left(url) and rig.left(dlq) == 1, "it is parked")
    assert rig.end(name) == 0
    invoked = rig.rows(name, "invoked")
    assert {row["outcome"] for row in invoked} == {"ok"}
    assert sum(row["failed"] for row in invoked) == 2
    (summary,) = rig.rows(name, "summary")
    assert (summary["deleted"], summary["failed_messages"]) == (2, 2)
    assert summary["invocations"] == len(invoked)
    assert summary["cold_starts"] == summary["environments"] == len(rig.streams(name))


FAILURES = {
    "sleep": ("timeout", '"fault":"timeout"'),
    "die": ("exit", '"fault":"Runtime.ExitError"'),
    "raise": ("error", '"fault":"ValueError"'),
    "text": ("ok", '"fault":"the answer is no object but str"'),
}


def test_batches_that_fail_as_a_whole_come_back_and_are_parked(rig):
    url, dlq = rig.queue("whole", visibility_s=1, receives_max=2)
    send(rig, url, *FAILURES)
    rig.trigger("whole", url, "functions:told", "--timeout-s", "0.5", "--batch-size", "1")
    until(rig, "whole", lambda: rig.left(dlq) == 4, "all are parked")
    assert rig.end("whole") == 0
    rows = rig.rows("whole", "invoked")
    assert all((row["messages"], row["failed"]) == (1, 1) for row in rows)
    output = rig.output("whole")
    assert output.count("batch failed") == len(rows) == 8
    for outcome, said in FAILURES.values():
        assert sum(row["outcome"] == outcome for row in rows) == 2
        assert output.count(said) == 2


def test_a_group_is_never_in_two_invocations_and_five_start_at_once(rig):
    url, _ = rig.queue("groups.fifo", visibility_s=30)
    for group in "abcdef":
        send(rig, url, *["x"] * 12, group=group)
    rig.trigger("groups", url, "functions:told", "--batch-size", "2", "--timeout-s", "5")
    until(rig, "groups", lambda: not rig.left(url), "all are handled")
    assert rig.end("groups") == 0
    assert {row["outcome"] for row in rig.rows("groups", "invoked")} == {"ok"}
    limits = [row["limit"] for row in rig.rows("groups", "scaled")]
    assert limits[0] == 5


def test_sigterm_lets_a_running_invocation_finish(rig):
    url, _ = rig.queue("drained", visibility_s=30)
    send(rig, url, "nap")
    rig.trigger("drained", url, "functions:naps", "--timeout-s", "5")
    until(
        rig,
        "drained",
        lambda: any("napping" in s.read_text() for s in rig.streams("drained")),
        "it naps",
    )
    assert rig.end("drained") == 0
    assert rig.left(url) == 0
    assert [row["outcome"] for row in rig.rows("drained", "invoked")] == ["ok"]
    assert {row["reason"] for row in rig.rows("drained", "ended")} == {"stop"}


def test_what_is_throttled_is_tried_again_given_up_with_its_visibility_and_never_lost(rig):
    url, dlq = rig.queue("throttled", visibility_s=2, receives_max=50)
    send(rig, url, *[f"text {n}" for n in range(6)])
    options = ["--reserved-concurrency", "1", "--batch-size", "1", "--timeout-s", "2"]
    rig.trigger("throttled", url, "functions:says", *options)  # half a second each
    until(rig, "throttled", lambda: not rig.left(url), "all are handled")
    assert rig.end("throttled") == 0
    (summary,) = rig.rows("throttled", "summary")
    assert summary["concurrency_max"] == 1
    assert summary["throttles"] == len(rig.rows("throttled", "throttled")) > 0
    assert summary["dropped_batches"] == len(rig.rows("throttled", "dropped")) > 0
    assert min(row["limit"] for row in rig.rows("throttled", "scaled")) < 5
    said = "".join(stream.read_text() for stream in rig.streams("throttled"))
    assert all(f"text {n}\n" in said for n in range(6))
    assert rig.left(dlq) == 0


def test_provisioned_mode_starts_with_ten_slots_a_poller(rig):
    url, _ = rig.queue("provisioned", visibility_s=30)
    rig.trigger("provisioned", url, "functions:told", "--provisioned", "2:4")
    until(rig, "provisioned", lambda: rig.rows("provisioned", "scaled"), "it polls")
    send(rig, url, *["pid"] * 10)
    until(rig, "provisioned", lambda: not rig.left(url), "all are handled")
    assert rig.end("provisioned") == 0
    assert rig.rows("provisioned", "scaled")[0]["limit"] == 20
    assert rig.rows("provisioned", "summary")[0]["deleted"] == 10


def test_environments_end_with_a_trigger_that_is_killed(rig):
    url, _ = rig.queue("killed", visibility_s=30)
    send(rig, url, "sleep")
    rig.trigger("killed", url, "functions:told", "--timeout-s", "20")
    until(
        rig,
        "killed",
        lambda: any("going" in s.read_text() for s in rig.streams("killed")),
        "it sleeps",
    )
    (row,) = rig.rows("killed", "started")
    rig.processes["killed"].kill()
    rig.processes["killed"].wait()
    until(rig, "killed", lambda: not psutil.pid_exists(row["pid"]), "the environment ends")


BAD = [
    (["--batch-size", "11"], "--batch-window-s of at least 1"),
    (["--maximum-concurrency", "1"], "--maximum-concurrency 1; wanted: 2 to 1,000"),
    (["--provisioned", "2:4", "--maximum-concurrency", "5"], "exclude each other"),
    (["--provisioned", "many"], "'many'; wanted: MIN:MAX"),
    (["--timeout-s", "3"], "visibility time-out of 2 s is shorter"),
    (["--handler", "no-module"], "wanted: MODULE:FUNCTION"),
    (["--time-scale", "nan"], "'nan'; wanted: more than 0"),
    (["--memory-mb", "64"], "'64'; wanted: a whole 128 to 10,240"),
    (["--batch-window-s", "2.5"], "'2.5'; wanted: a whole 0 to 300"),
    (["--queue-url", "QUEUE-x"], "cannot be read (AWS.SimpleQueueService.NonExistentQueue)"),
    (["--queue-url", "nonsense"], "wanted: an SQS queue URL"),
    (["--journal", "/dev/null/x"], "wanted: a place that can be written"),
]


def test_bad_settings_are_refused_with_exit_code_2_and_one_clear_line(rig, capsys, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    url, _ = rig.queue("refused", visibility_s=2)
    good = {
        "--endpoint-url": rig.endpoint,
        "--queue-url": url,
        "--handler": "functions:told",
        "--timeout-s": "1",
        "--log-dir": str(rig.folder / "refused-logs"),
        "--journal": str(rig.folder / "refused.jsonl"),
    }
    for bad, said in BAD:
        pairs = dict(zip(bad[::2], bad[1::2], strict=True))
        options = good | {key: value.replace("QUEUE", url) for key, value in pairs.items()}
        try:
            code = command.main([each for pair in options.items() for each in pair])
        except SystemExit as refused:  # argparse's way
            code = refused.code
        errors = capsys.readouterr().err
        assert (code, said in errors) == (2, True), (bad, errors)
        assert "Traceback" not in errors


def test_the_real_handler_delivers_and_its_journal_is_the_workers(rig, shared_sink):
    url, dlq = rig.queue("emails.fifo", visibility_s=30)
    emails = 30
    for n in range(emails):
        body = json.dumps(
            {
                "version": 1,
                "email_id": f"em_{n:032x}",
                "email": {
                    "from": "ann@example.com",
                    "to": ["bob@example.com"],
                    "subject": "s3same",
                    "text": "Hello",
                },
            }
        )
        rig.sqs.send_message(
            QueueUrl=url,
            MessageBody=body,
            MessageGroupId=f"g{n % 3}",
            MessageDeduplicationId=f"em_{n:032x}",
        )
    rig.trigger(
        "emails",
        url,
        "reference.worker.lambda_handler:handler",
        *("--timeout-s", "6", "--maximum-concurrency", "2"),
        EMAIL_WORKER_QUEUE_URL=url,
        EMAIL_WORKER_SQS_ENDPOINT_URL=rig.endpoint,
        EMAIL_WORKER_SMTP_PORT=str(shared_sink.smtp_port),
        EMAIL_WORKER_JOURNAL=str(rig.folder / "worker.jsonl"),
        EMAIL_WORKER_LEDGER=f"sqlite:{rig.folder / 'deliveries.sqlite3'}",
    )
    until(rig, "emails", lambda: not rig.left(url), "all are handled")
    assert rig.end("emails") == 0
    delivered = [row["email_id"] for row in shared_sink.rows()]
    assert sorted(delivered) == [f"em_{n:032x}" for n in range(emails)]
    for group in range(3):
        ours = [each for each in delivered if int(each[3:], 16) % 3 == group]
        assert ours == sorted(ours)
    assert rig.left(dlq) == 0
    for event in ("received", "attempted", "sent", "released"):
        assert len(rig.rows("worker", event)) == emails
    for stream in rig.streams("emails"):
        text = stream.read_text()
        assert '"event":"email sent"' in text
        assert "bob@" not in text
        assert "s3same" not in text
