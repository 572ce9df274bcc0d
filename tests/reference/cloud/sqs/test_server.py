"""A server as others use it: long polls, quotas, journals and metrics over HTTP; the process."""

import email.parser
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import (
    ClientError,
    ReadTimeoutError,
)

from reference.clock import VirtualClock
from reference.cloud.sqs.app import create_app
from reference.cloud.sqs.background import running

FIFO = {"FifoQueue": "true"}


def send(sqs, url, dedup_id, group="g"):
    return sqs.send_message(
        QueueUrl=url, MessageBody="m", MessageGroupId=group, MessageDeduplicationId=dedup_id
    )


@contextmanager
def waiting_receive(sqs, url, **options):
    """A long poll in a thread; yields a list that will hold its answer and when it came."""
    answers = []

    def wait():
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, **options)
        answers.append((answer.get("Messages"), time.monotonic()))

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)  # it is waiting now; should it not be, the test still holds
    yield answers
    thread.join(20)
    assert answers, "the receive did not return"


# A long poll that missed its wake-up would last the full 20 s; 5 s tells the two apart on any
# machine.
AT_ONCE_S = 5


def test_a_long_poll_wakes_on_a_send(sqs, fifo_url):
    with waiting_receive(sqs, fifo_url) as answers:
        sent_s = time.monotonic()
        send(sqs, fifo_url, "1")
    assert len(answers[0][0]) == 1
    assert answers[0][1] - sent_s < AT_ONCE_S


def test_a_long_poll_wakes_when_its_group_unlocks(sqs, fifo_url):
    send(sqs, fifo_url, "1")
    send(sqs, fifo_url, "2")
    (first,) = sqs.receive_message(QueueUrl=fifo_url)["Messages"]
    with waiting_receive(sqs, fifo_url) as answers:
        deleted_s = time.monotonic()
        sqs.delete_message(QueueUrl=fifo_url, ReceiptHandle=first["ReceiptHandle"])
    assert answers[0][1] - deleted_s < AT_ONCE_S


def test_a_long_poll_wakes_when_a_visibility_timeout_expires(sqs, fifo_url):
    send(sqs, fifo_url, "1")
    sqs.receive_message(QueueUrl=fifo_url, VisibilityTimeout=1)
    with waiting_receive(sqs, fifo_url) as answers:
        pass
    assert len(answers[0][0]) == 1


def test_a_long_poll_without_messages_ends_with_its_wait(sqs, fifo_url, endpoint, admin):
    started_s = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=fifo_url, WaitTimeSeconds=1)
    assert time.monotonic() - started_s >= 1
    metrics = json.loads(admin(endpoint, "metrics"))["queues"]["mail.fifo"]
    assert metrics["NumberOfEmptyReceives"] == 1
    assert metrics["admitted_calls"]["receive"] == 1


def test_a_message_does_not_go_to_a_receiver_that_hung_up(endpoint, connect, sqs, fifo_url):
    impatient = connect(endpoint, read_timeout=1)
    with pytest.raises(ReadTimeoutError):
        impatient.receive_message(QueueUrl=fifo_url, WaitTimeSeconds=20)
    impatient.close()
    send(sqs, fifo_url, "1")
    assert len(sqs.receive_message(QueueUrl=fifo_url)["Messages"]) == 1


@pytest.mark.parametrize(
    ("error", "status"), [("RequestThrottled", 403), ("ThrottlingException", 400)]
)
def test_calls_over_quota_get_the_chosen_error_and_change_nothing(connect, error, status, admin):
    with running(create_app(burst_calls=1, throttle_error=error)) as url:
        queue = connect(url).create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
        statuses, errors = pipeline_sends(url, queue, 60)
        metrics = json.loads(admin(url, "metrics"))["queues"]["q.fifo"]
    stored, throttled = statuses.count(200), statuses.count(status)
    assert (stored + throttled, stored >= 1, throttled >= 1) == (60, True, True)
    assert set(errors) == {error}
    assert metrics["NumberOfMessagesSent"] == stored
    assert metrics["admitted_calls"]["send"] == stored
    assert metrics["throttled_calls"]["send"] == throttled


def test_a_throttled_receive_burns_its_attempt_id(connect):
    clock = VirtualClock()
    with running(create_app(clock=clock, burst_calls=1)) as url:
        sqs = connect(url)
        queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
        sqs.receive_message(QueueUrl=queue)
        for error in ("RequestThrottled", "not valid anymore"):
            with pytest.raises(ClientError, match=error):
                sqs.receive_message(QueueUrl=queue, ReceiveRequestAttemptId="attempt")
            clock.advance(1)


def pipeline_sends(url, queue, count):
    """Statuses and error codes of sends that reach the server faster than any client loop."""
    address = urlsplit(url)
    requests = b""
    for n in range(count):
        params = {"QueueUrl": queue, "MessageBody": "m", "MessageGroupId": "g"}
        body = json.dumps({**params, "MessageDeduplicationId": str(n)}).encode()
        requests += (
            b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        ) + body
    statuses, errors = [], []
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(requests)
        stream = connection.makefile("rb")
        for _ in range(count):
            statuses.append(int(stream.readline().split()[1]))
            headers = email.parser.BytesHeaderParser().parse(io.BytesIO(read_head(stream)))
            stream.read(int(headers["content-length"]))
            if "x-amzn-query-error" in headers:
                errors.append(headers["x-amzn-query-error"].partition(";")[0])
        stream.close()
    return statuses, errors


def read_head(stream):
    head = b""
    while (line := stream.readline()) != b"\r\n":
        head += line
    return head


def test_faults_are_shown_and_taken_back(endpoint, admin):
    plan = {"seed": 5, "faults": [{"kind": "outage", "label": "o", "queue": "q"}]}
    admin(endpoint, "faults", "PUT", plan)
    shown = json.loads(admin(endpoint, "faults"))
    assert (shown["seed"], shown["faults"][0]["label"], shown["fired"]) == (5, "o", {"o": 0})
    assert json.loads(admin(endpoint, "faults", "DELETE"))["faults"] == []


def test_a_fault_is_added_and_ended_beside_others(endpoint, admin):
    admin(endpoint, "faults", "PUT", {"seed": 5, "faults": [{"kind": "outage", "label": "o"}]})
    shown = json.loads(
        admin(endpoint, "faults", "POST", {"faults": [{"kind": "refuse", "label": "r"}]})
    )
    assert shown["fired"] == {"o": 0, "r": 0}
    assert shown["seed"] == 5
    admin(endpoint, "faults/o", "DELETE")
    admin(endpoint, "faults", "DELETE")


@pytest.mark.parametrize(
    ("request_", "status", "named"),
    [
        (("faults", "PUT", {"faults": [{"kind": "outage", "label": 7}]}), 400, "label"),
        (("faults", "PATCH", {}), 405, "GET, PUT, POST, DELETE"),
        (("faults", "POST", {"seed": 1, "faults": []}), 400, "seed"),
        (("faults/nobody", "DELETE", None), 404, "nobody"),
        (("nonsense", "GET", None), 404, "metrics.prom"),
    ],
)
def test_wrong_admin_requests_are_told_what_is_right(endpoint, request_, status, named, admin):
    with pytest.raises(urllib.error.HTTPError) as caught:
        admin(endpoint, *request_)
    with caught.value as answer:
        assert answer.code == status
        assert named in json.loads(answer.read())["error"]


def test_the_journal_tells_what_became_of_every_message(connect, list_journal):
    journal = list_journal()
    with running(create_app(journal=journal)) as url:
        sqs = connect(url)
        queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
        first = send(sqs, queue, "1")
        sqs.send_message(
            QueueUrl=queue, MessageBody="other", MessageGroupId="g", MessageDeduplicationId="1"
        )
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert [row["event"] for row in journal.rows] == ["stored", "absorbed", "received", "deleted"]
    assert {row["message_id"] for row in journal.rows} == {first["MessageId"]}
    assert {(row["queue"], row["dedup_id"], row["group"]) for row in journal.rows} == {
        ("q.fifo", "1", "g")
    }
    stored, absorbed, received, _ = journal.rows
    assert stored["body_sha256"] != absorbed["body_sha256"]
    assert stored["sequence"] == absorbed["sequence"] == first["SequenceNumber"]
    assert received["receive_count"] == 1


class FullDisk:
    def write(self, **row):
        raise OSError(28, "No space left on device")


def test_a_send_that_cannot_be_journalled_fails_and_is_not_stored(connect):
    with running(create_app(journal=FullDisk())) as url:
        sqs = connect(url)
        queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
        with pytest.raises(ClientError, match="No space left on device") as caught:
            send(sqs, queue, "1")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_prometheus_text_has_the_queues_depth_and_calls(endpoint, sqs, fifo_url, admin):
    send(sqs, fifo_url, "1")
    text = admin(endpoint, "metrics.prom").decode()
    assert 'sqs_approximate_number_of_messages_visible{queue="mail.fifo"} 1' in text
    labels = 'queue="mail.fifo",family="send",action="SendMessage"'
    assert f"sqs_admitted_calls_total{{{labels}}} 1" in text
    calls = json.loads(admin(endpoint, "calls"))
    assert calls["queues"]["mail.fifo"]["send"] == calls["actions"]["mail.fifo"]["SendMessage"]
    assert "# TYPE sqs_number_of_messages_sent_total counter" in text


# The process


@pytest.fixture
def start(tmp_path):
    processes = []

    def make(*options):
        port_file = tmp_path / "port"
        process = subprocess.Popen(
            [sys.executable, "-m", "reference.cloud.sqs", "--port-file", port_file, *options],
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        give_up_s = time.monotonic() + 30
        while not port_file.exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < give_up_s, "the server did not announce itself"
            time.sleep(0.02)
        return process, f"http://127.0.0.1:{int(port_file.read_text())}"

    yield make
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_at_once_with_long_polls_open(start, connect, number, tmp_path):
    process, url = start("--journal", tmp_path / "queue.jsonl")
    sqs = connect(url)
    queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
    send(sqs, queue, "1")
    sqs.receive_message(QueueUrl=queue)
    with waiting_receive(sqs, queue) as answers:
        os.kill(process.pid, number)
        assert process.wait(AT_ONCE_S) == 0
    assert answers[0][0] is None
    output = process.stderr.read().decode()
    assert "Traceback" not in output
    assert "memory only" in output
    rows = [json.loads(line) for line in (tmp_path / "queue.jsonl").read_text().splitlines()]
    assert [row["event"] for row in rows] == ["stored", "received"]


def run_to_its_end(*options):
    return subprocess.run(
        [sys.executable, "-m", "reference.cloud.sqs", *options],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_busy_port_is_told_and_exits_2():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        result = run_to_its_end("--port", str(busy.getsockname()[1]))
    assert result.returncode == 2
    assert "stop the process that uses it or choose another port" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_journal_that_cannot_be_written_is_told_and_exits_2(tmp_path):
    (tmp_path / "file").write_text("")
    result = run_to_its_end("--journal", tmp_path / "file" / "queue.jsonl")
    assert result.returncode == 2
    assert "queue.jsonl" in result.stderr or "file" in result.stderr
    assert "Traceback" not in result.stderr
