"""Quotas and faults in front of other SQS servers: our own, moto, ministack."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from reference.clock import VirtualClock
from reference.cloud.sqs.app import create_app
from reference.cloud.sqs.background import running

FIFO = {"FifoQueue": "true"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def moto(port):
    return [sys.executable, "-m", "moto.server", "-p", str(port)], {}


def ministack(port):
    return [sys.executable, "-m", "ministack.app"], {"GATEWAY_PORT": str(port)}


def wait_until_it_answers(url, process):
    give_up_s = time.monotonic() + 60
    while time.monotonic() < give_up_s:
        assert process.poll() is None, "the stand-in ended"
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the stand-in did not start")


@pytest.fixture(params=["ours", moto, ministack], ids=["ours", "moto", "ministack"])
def upstream(request, tmp_path):
    if request.param == "ours":
        with running(create_app(quotas="off")) as url:
            yield url
        return
    port = free_port()
    command, environment = request.param(port)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=tmp_path,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_it_answers(url, process)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_fifo_round_trip_quotas_and_faults_before_another_sqs(
    upstream, connect, list_journal, admin
):
    faults = list_journal()
    app = create_app(upstream=upstream, burst_calls=1, fault_journal=faults)
    with running(app) as url:
        sqs = connect(url, retries={"total_max_attempts": 20, "mode": "standard"})
        once = connect(url)
        queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
        assert queue.startswith(url)
        assert sqs.get_queue_url(QueueName="q.fifo")["QueueUrl"] == queue
        message = {"QueueUrl": queue, "MessageBody": "m", "MessageGroupId": "g"}
        attributes = {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
        sent = sqs.send_message(**message, MessageDeduplicationId="1", MessageAttributes=attributes)
        lost = {"kind": "lose-answer", "label": "l", "actions": ["SendMessage"]}
        admin(url, "faults", "PUT", {"seed": 1, "faults": [lost]})
        time.sleep(0.01)
        with pytest.raises(ConnectionClosedError):
            once.send_message(**message, MessageDeduplicationId="2")
        admin(url, "faults", "DELETE")
        received = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )["Messages"]
        assert received[0]["MessageId"] == sent["MessageId"]
        assert received[0]["MessageAttributes"] == attributes
        assert len(received) == 2, "the send whose answer was lost was stored"
        for each in received:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
        missing = queue.replace("q.fifo", "missing")
        with pytest.raises(sqs.exceptions.QueueDoesNotExist):
            once.send_message(QueueUrl=missing, MessageBody="m")
    (fired,) = faults.events("fired")
    assert (fired["stored"], fired["dedup_ids"]) == (True, ["2"])


@pytest.mark.parametrize(("names", "deleted"), [(["MessageGroupId"], 1), ([], 10)])
def test_deletes_of_one_hot_group_get_one_partitions_rate_where_receives_told_the_group(
    connect, names, deleted
):
    attributes = {
        **FIFO,
        "ContentBasedDeduplication": "true",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
    }
    with (
        running(create_app(quotas="off")) as upstream,
        running(create_app(upstream=upstream, clock=VirtualClock(), burst_calls=1)) as url,
    ):
        direct, sqs = connect(upstream), connect(url)
        direct.create_queue(QueueName="hot.fifo", Attributes=attributes)
        queue = sqs.get_queue_url(QueueName="hot.fifo")["QueueUrl"]
        path = queue.removeprefix(url)
        for n in range(10):
            direct.send_message(QueueUrl=upstream + path, MessageBody=str(n), MessageGroupId="hot")
        received = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=names
        )["Messages"]
        done = 0
        for message in received:
            with contextlib.suppress(ClientError):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                done += 1
    assert done == deleted


def test_calls_over_quota_do_not_reach_the_upstream(connect, list_journal):
    journal = list_journal()
    with (
        running(create_app(quotas="off", journal=journal)) as upstream,
        running(create_app(upstream=upstream, burst_calls=1)) as url,
    ):
        client = boto3.client(
            "sqs",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        queue = client.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
        stored = 0
        for n in range(300):
            try:
                client.send_message(
                    QueueUrl=queue,
                    MessageBody="m",
                    MessageGroupId="g",
                    MessageDeduplicationId=str(n),
                )
            except ClientError:
                continue
            stored += 1
        client.close()
    assert len(journal.events("stored")) == stored


def test_an_upstream_that_does_not_answer_is_said_and_stops_nothing(connect):
    with running(create_app(upstream=f"http://127.0.0.1:{free_port()}")) as url:
        with pytest.raises(ClientError) as caught:
            connect(url).list_queues()
        assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert "does not answer" in caught.value.response["Error"]["Message"]


def test_a_gateway_stops_at_once_with_long_polls_under_way(connect):
    with running(create_app(quotas="off")) as upstream:
        with running(create_app(upstream=upstream)) as url:
            sqs = connect(url)
            queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
            outcome = []

            def wait():
                try:
                    outcome.append(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20))
                except ClientError as error:
                    outcome.append(error.response["Error"]["Code"])

            thread = threading.Thread(target=wait)
            thread.start()
            time.sleep(0.3)
            stopped_s = time.monotonic()
        assert time.monotonic() - stopped_s < 10
        thread.join()
    assert outcome == ["ServiceUnavailable"]


@pytest.fixture
def chain(connect, list_journal):
    """(gateway's URL, client of the gateway, journal of the upstream)"""
    journal = list_journal()
    with (
        running(create_app(quotas="off", journal=journal)) as upstream,
        running(create_app(upstream=upstream, burst_calls=1)) as url,
    ):
        yield url, connect(url, read_timeout=1), journal


def test_a_message_does_not_go_to_a_receiver_that_hung_up_on_the_gateway(chain, connect):
    url, impatient, _ = chain
    queue = impatient.create_queue(QueueName="q")["QueueUrl"]
    with pytest.raises(ReadTimeoutError):
        impatient.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
    impatient.close()
    time.sleep(0.3)  # the gateway hears of it, and then the upstream
    patient = connect(url)
    patient.send_message(QueueUrl=queue, MessageBody="m")
    assert len(patient.receive_message(QueueUrl=queue)["Messages"]) == 1


@pytest.fixture
def calls_by_queue(chain, admin):
    return lambda: json.loads(admin(chain[0], "calls"))["queues"]


@pytest.mark.parametrize("tail", ["?x", "?a=/b", "#x", "\n"])
def test_a_tail_on_the_queue_url_does_not_lead_around_the_quota(chain, calls_by_queue, tail):
    _, sqs, journal = chain
    queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
    throttled = 0
    for n in range(40):
        try:
            sqs.send_message(
                QueueUrl=queue + tail.replace("x", str(n)),
                MessageBody="m",
                MessageGroupId="g",
                MessageDeduplicationId=str(n),
            )
        except ClientError as error:
            throttled += error.response["Error"]["Code"] == "RequestThrottled"
    assert throttled + len(journal.events("stored")) == 40
    assert set(calls_by_queue()) == {"q.fifo"}


@pytest.mark.parametrize("name", ["missing", "missing.fifo", 'a"b', "%71", "a" * 81])
def test_queues_that_nobody_has_are_not_counted(chain, calls_by_queue, name):
    url, sqs, _ = chain
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.delete_message(QueueUrl=f"{url}/000000000000/{name}", ReceiptHandle="x")
    assert calls_by_queue() == {}


def test_a_deleted_queue_is_no_longer_counted(chain, calls_by_queue):
    _, sqs, _ = chain
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="m")
    assert set(calls_by_queue()) == {"q"}
    sqs.delete_queue(QueueUrl=queue)
    assert calls_by_queue() == {}


@contextmanager
def answering(answer):
    """A server that gives every connection this answer and closes it."""

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                received = b""
                while b"\r\n\r\n" not in received or not received.endswith(b"}"):
                    received += connection.recv(65_536)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_an_answer_that_ends_with_its_connection_is_taken(connect):
    answer = b'HTTP/1.0 200 OK\r\nServer: old\r\n\r\n{"QueueUrls": ["http://x/1/q"]}'
    with answering(answer) as upstream, running(create_app(upstream=upstream)) as url:
        assert connect(url).list_queues()["QueueUrls"] == [f"{url}/1/q"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"200 OK\r\nContent-Length: 3\r\n\r\n[1]", "InternalFailure"),
        (b"200 OK\r\nContent-Length: 4\r\n\r\n<a/>", "InternalFailure"),
        (b"400 Bad\r\nContent-Length: 4\r\n\r\nnull", "InternalFailure"),
        (b"200 OK\r\nContent-Length: 9\r\n\r\n{}", "ServiceUnavailable"),
        (b"302 Found\r\nContent-Length: 2\r\n\r\n{}", "InternalFailure"),
        (b'400 Bad\r\nContent-Length: 20\r\n\r\n{"__type": "a\\r\\nb"}', "InternalFailure"),
    ],
)
def test_an_upstream_that_talks_nonsense_is_an_error_of_the_servers_side(connect, answer, code):
    with (
        answering(b"HTTP/1.1 " + answer) as upstream,
        running(create_app(upstream=upstream)) as url,
    ):
        with pytest.raises(ClientError) as caught:
            connect(url).list_queues()
        assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("url", ["localhost:4566", "ftp://x", "http://"])
def test_an_upstream_that_is_no_url_is_refused(url):
    with pytest.raises(ValueError, match="an http:// or https:// URL is wanted"):
        create_app(upstream=url)
