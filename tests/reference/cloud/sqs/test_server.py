"""A server as others use it: long polls, quotas, faults and journals over HTTP; the process."""

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
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from reference.clock import VirtualClock
from reference.cloud.sqs.app import create_app
from reference.cloud.sqs.background import running

FIFO = {"FifoQueue": "true"}


def admin(url, path, method="GET", value=None):
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(f"{url}/_admin/{path}", data=body, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        return response.read()


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


def test_a_long_poll_without_messages_ends_with_its_wait(sqs, fifo_url, endpoint):
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
def test_calls_over_quota_get_the_chosen_error_and_change_nothing(connect, error, status):
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


@pytest.fixture
def journals(list_journal):
    return list_journal(), list_journal()


@pytest.fixture
def faulty(connect, journals):
    """(client, queue URL, function that sets the faults, queue journal, fault journal)"""
    journal, fault_journal = journals
    with running(create_app(journal=journal, fault_journal=fault_journal)) as url:
        sqs = connect(url, read_timeout=2)
        queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]

        def set_faults(*faults):
            admin(url, "faults", "PUT", {"seed": 1, "faults": list(faults)})

        yield sqs, queue, set_faults


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        ("InternalFailure", "InternalFailure", 500),
        ("ServiceUnavailable", "ServiceUnavailable", 503),
        ("AccessDenied", "AccessDenied", 403),
        ("throttle", "RequestThrottled", 403),
    ],
)
def test_a_refused_send_is_not_stored(faulty, journals, error, code, status):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "refuse", "label": "r", "error": error, "actions": ["SendMessage"]})
    with pytest.raises(ClientError) as caught:
        send(sqs, queue, "1")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert journals[0].events("stored") == []
    (fired,) = journals[1].events("fired")
    assert (fired["fault"], fired["kind"]) == ("r", "refuse")
    assert (fired["stored"], fired["dedup_ids"]) == (False, ["1"])


@pytest.mark.parametrize(
    ("how", "seen"), [("reset", ConnectionClosedError), ("timeout", ReadTimeoutError)]
)
def test_a_send_whose_answer_is_lost_is_stored(faulty, journals, how, seen):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "lose-answer", "label": "l", "how": how, "actions": ["SendMessage"]})
    with pytest.raises(seen):
        send(sqs, queue, "1")
    assert len(journals[0].events("stored")) == 1
    (fired,) = journals[1].events("fired")
    assert (fired["stored"], fired["dedup_ids"]) == (True, ["1"])
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1


def test_a_half_stored_batch_is_journalled_in_two_rows(faulty, journals):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "lose-answer", "label": "l"})
    entries = [
        {"Id": "a", "MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "1"},
        {"Id": "b", "MessageBody": "\x00", "MessageGroupId": "g", "MessageDeduplicationId": "2"},
    ]
    with pytest.raises(ConnectionClosedError):
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    rows = [(row["stored"], row["dedup_ids"]) for row in journals[1].events("fired")]
    assert rows == [(True, ["1"]), (False, ["2"])]


def test_in_an_outage_every_connection_is_cut_and_nothing_done(faulty, journals):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "outage", "label": "o", "end_s": 1})
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        send(sqs, queue, "1")
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        sqs.list_queues()
    assert journals[0].events("stored") == []
    time.sleep(1.5)
    send(sqs, queue, "1")
    events = [row["event"] for row in journals[1].rows]
    assert events == ["start", "fired", "fired", "end"]


def test_a_delayed_call_is_done_later(faulty, journals):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "delay", "label": "d", "delay_s": 0.5, "actions": ["SendMessage"]})
    started_s = time.monotonic()
    send(sqs, queue, "1")
    assert time.monotonic() - started_s >= 0.5
    assert journals[1].events("fired")[0]["stored"] is True


def send_batch(sqs, queue, *bodies):
    entries = [
        {"Id": body, "MessageBody": body, "MessageGroupId": body, "MessageDeduplicationId": body}
        for body in bodies
    ]
    return sqs.send_message_batch(QueueUrl=queue, Entries=entries)


def received_bodies(sqs, queue, limit=10):
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=limit)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_half_a_batch_fails(faulty, journals):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "half-batch", "label": "h"})
    answer = send_batch(sqs, queue, "a", "b", "c")
    assert [each["Id"] for each in answer["Successful"]] == ["a", "c"]
    assert [(each["Id"], each["Code"], each["SenderFault"]) for each in answer["Failed"]] == [
        ("b", "InternalFailure", False)
    ]
    assert received_bodies(sqs, queue) == ["a", "c"]
    rows = [(row["stored"], row["dedup_ids"]) for row in journals[1].events("fired")]
    assert rows == [(True, ["a", "c"]), (False, ["b"])]


def test_digests_can_be_wrong(faulty):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "wrong-md5", "label": "w"})
    assert send(sqs, queue, "1")["MD5OfMessageBody"] == "0" * 32
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert (message["MD5OfBody"], message["Body"]) == ("0" * 32, "m")


def test_a_receive_can_come_back_empty(faulty, journals):
    sqs, queue, set_faults = faulty
    send(sqs, queue, "1")
    set_faults({"kind": "empty-receive", "label": "e", "nth_call": 1})
    assert received_bodies(sqs, queue) == []
    assert received_bodies(sqs, queue) == ["m"]
    assert len(journals[1].events("fired")) == 1


def test_visibility_can_expire_early(faulty):
    sqs, queue, set_faults = faulty
    send(sqs, queue, "1")
    set_faults({"kind": "early-expiry", "label": "e", "visibility_s": 0, "nth_call": 1})
    (message,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=600)["Messages"]
    with pytest.raises(ClientError, match="receipt handle has expired"):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert received_bodies(sqs, queue) == ["m"]


def test_a_standard_queue_can_deliver_out_of_order_one_by_one(faulty, journals):
    sqs, _, set_faults = faulty
    queue = sqs.create_queue(QueueName="standard")["QueueUrl"]
    letters = list("abcdefghij")
    entries = [{"Id": each, "MessageBody": each} for each in letters]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    set_faults({"kind": "reorder", "label": "r"})
    alone = [body for _ in range(10) for body in received_bodies(sqs, queue, limit=1)]
    assert sorted(alone) == letters, "each once"
    assert alone != letters, "drawn from those that wait, though each receive returned one"
    for row in journals[1].events("fired"):
        assert (row["fault"], len(row["message_ids"])) == ("r", 1)


def test_a_message_received_while_the_fault_is_on_comes_again_after_its_delete(faulty, journals):
    sqs, _, set_faults = faulty
    queue = sqs.create_queue(QueueName="standard")["QueueUrl"]
    set_faults({"kind": "duplicate", "label": "d", "nth_call": 2})
    assert received_bodies(sqs, queue) == []
    for body in "ab":
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert received_bodies(sqs, queue) == [], "in flight until they are deleted"
    entries = [{"Id": each["Body"], "ReceiptHandle": each["ReceiptHandle"]} for each in received]
    forged = {"Id": "forged", "ReceiptHandle": "x"}
    assert journals[1].events("fired") == [], "nothing has happened yet"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=received[0]["ReceiptHandle"])
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=[entries[1], forged])
    assert [each["Id"] for each in deleted["Successful"]] == ["b"]
    assert [each["Id"] for each in deleted["Failed"]] == ["forged"]
    fired = [(row["action"], row["message_ids"]) for row in journals[1].events("fired")]
    assert fired == [
        ("DeleteMessage", [received[0]["MessageId"]]),
        ("DeleteMessageBatch", [received[1]["MessageId"]]),
    ]
    again = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [each["MessageId"] for each in again] == [each["MessageId"] for each in received]
    for each in again:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
    assert received_bodies(sqs, queue) == []
    assert len(journals[0].events("deleted")) == 2


def test_a_delete_counts_again_once_the_plan_was_taken_back(faulty, journals):
    sqs, queue, set_faults = faulty
    send(sqs, queue, "1")
    set_faults({"kind": "duplicate", "label": "d", "also_fifo": True})
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    set_faults()
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert len(journals[0].events("deleted")) == 1
    assert journals[1].events("fired") == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "duplicate", "also_fifo": True},
        {"kind": "reorder", "also_fifo": True},
        {"kind": "early-expiry", "visibility_s": 1},
        {"kind": "wrong-md5"},
        {"kind": "half-batch"},
    ],
    ids=lambda fault: fault["kind"],
)
def test_a_fault_that_broke_nothing_is_not_journalled(faulty, journals, endpoint, fault):
    sqs, queue, set_faults = faulty
    set_faults({**fault, "label": "f"})
    assert received_bodies(sqs, queue) == []
    entry = {"Id": "a", "MessageBody": "m", "MessageGroupId": "g"}
    answer = sqs.send_message_batch(
        QueueUrl=queue, Entries=[{**entry, "MessageDeduplicationId": "not one"}]
    )
    assert [each["Id"] for each in answer["Failed"]] == ["a"]
    assert journals[1].events("fired") == []


def test_a_lost_answer_names_the_messages_that_were_deleted(faulty, journals):
    sqs, queue, set_faults = faulty
    sent = send(sqs, queue, "1")
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    set_faults({"kind": "lose-answer", "label": "l", "actions": ["DeleteMessage"]})
    with pytest.raises(ConnectionClosedError):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    (fired,) = journals[1].events("fired")
    assert (fired["message_ids"], fired["stored"]) == ([sent["MessageId"]], None)


def test_a_repeat_whose_answer_is_lost_is_said_to_be_absorbed(faulty, journals):
    sqs, queue, set_faults = faulty
    first = send(sqs, queue, "1")
    set_faults({"kind": "lose-answer", "label": "l"})
    with pytest.raises(ConnectionClosedError):
        send_batch(sqs, queue, "1", "2")
    rows = [
        (row["stored"], row["absorbed"], row["dedup_ids"]) for row in journals[1].events("fired")
    ]
    assert rows == [(True, True, ["1"]), (True, False, ["2"])]
    assert journals[1].events("fired")[0]["message_ids"] == [first["MessageId"]]


def test_the_failed_half_of_a_batch_has_its_row_on_a_standard_queue_too(faulty, journals):
    sqs, _, set_faults = faulty
    queue = sqs.create_queue(QueueName="standard")["QueueUrl"]
    set_faults({"kind": "half-batch", "label": "h"})
    entries = [{"Id": each, "MessageBody": each} for each in "abc"]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    rows = [(row["stored"], row["message_ids"]) for row in journals[1].events("fired")]
    assert rows == [(True, [each["MessageId"] for each in answer["Successful"]]), (False, [])]


@pytest.mark.parametrize(
    ("ids", "code"),
    [(["a", "a b"], "InvalidBatchEntryId"), (["a", "a"], "BatchEntryIdsNotDistinct")],
)
def test_a_batch_that_is_wrong_as_a_whole_is_not_done_by_half(faulty, journals, ids, code):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "half-batch", "label": "h"})
    entries = [{"Id": each, "ReceiptHandle": "x"} for each in ids]
    with pytest.raises(ClientError, match=code):
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    entries = [{"Id": each, "MessageBody": "m", "MessageGroupId": "g"} for each in ids]
    with pytest.raises(ClientError, match=code):
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert journals[0].events("stored") == journals[1].events("fired") == []


def test_a_delayed_receive_takes_no_message_for_a_client_that_left(faulty, connect, endpoint):
    sqs, queue, set_faults = faulty
    send(sqs, queue, "1")
    set_faults({"kind": "delay", "label": "d", "delay_s": 2.5, "actions": ["ReceiveMessage"]})
    with pytest.raises(ReadTimeoutError):
        sqs.receive_message(QueueUrl=queue)
    set_faults()
    time.sleep(1)  # the delay ends meanwhile
    assert received_bodies(sqs, queue) == ["m"]


def test_an_answer_can_trickle_in(faulty):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "slow-body", "label": "s", "body_s": 0.5})
    started_s = time.monotonic()
    send(sqs, queue, "1")
    assert time.monotonic() - started_s >= 0.4


def test_faults_are_shown_and_taken_back(endpoint):
    plan = {"seed": 5, "faults": [{"kind": "outage", "label": "o", "queue": "q"}]}
    admin(endpoint, "faults", "PUT", plan)
    shown = json.loads(admin(endpoint, "faults"))
    assert (shown["seed"], shown["faults"][0]["label"], shown["fired"]) == (5, "o", {"o": 0})
    assert json.loads(admin(endpoint, "faults", "DELETE"))["faults"] == []


@pytest.mark.parametrize(
    ("request_", "status", "named"),
    [
        (("faults", "PUT", {"faults": [{"kind": "outage", "label": 7}]}), 400, "label"),
        (("faults", "POST", {}), 405, "GET, PUT, DELETE"),
        (("nonsense", "GET", None), 404, "metrics.prom"),
    ],
)
def test_wrong_admin_requests_are_told_what_is_right(endpoint, request_, status, named):
    with pytest.raises(urllib.error.HTTPError) as caught:
        admin(endpoint, *request_)
    with caught.value as answer:
        assert answer.code == status
        assert named in json.loads(answer.read())["error"]


def test_the_journal_tells_what_became_of_every_message(connect, journals):
    journal, _ = journals
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


def test_prometheus_text_has_the_queues_depth_and_calls(endpoint, sqs, fifo_url):
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
