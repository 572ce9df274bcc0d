"""A connection over raw sockets: hostile, slow, half-closed, pipelining clients; and its end."""

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from reference.cloud.sqs import connection
from reference.cloud.sqs.connection import HttpConnection
from reference.cloud.sqs.exchange import Reply
from reference.cloud.sqs.limits import REQUEST_BYTES_MAX
from reference.cloud.sqs.reading import HEAD_BYTES_MAX

AT_ONCE_S = 5  # far below the 20 s of a long poll
START = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n"
END = b"Content-Length: 2\r\n\r\n{}"
MANY = b"X: y\r\n" * (HEAD_BYTES_MAX // 6 + 1)


@pytest.fixture
def open_socket(endpoint):
    address = urlsplit(endpoint)
    sockets = []

    def connected():
        sockets.append(socket.create_connection((address.hostname, address.port), timeout=20))
        return sockets[-1]

    yield connected
    for each in sockets:
        each.close()


def status_of(answer):
    return int(answer.split()[1])


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (START + b"X: " + b"a" * (HEAD_BYTES_MAX - 1_000) + b"\r\n" + END, 200),
        (START + b"X: " + b"a" * HEAD_BYTES_MAX + b"\r\n" + END, 431),
        (START + MANY + END, 431),
        (START.replace(b"/ ", b"/" + b"a" * HEAD_BYTES_MAX + b" ", 1) + END, 431),
    ],
    ids=["large", "too-large-a-value", "too-many-headers", "too-long-a-path"],
)
def test_a_head_over_64_kib_is_refused(open_socket, head, status):
    client = open_socket()
    client.sendall(head)
    assert status_of(client.recv(65_536)) == status


def test_a_head_that_never_ends_is_refused_before_it_is_read_to_its_end(open_socket, sqs):
    client = open_socket()
    client.sendall(START + b"X: ")
    time.sleep(0.1)  # so that it comes in pieces; should it not, it is refused all the same
    client.sendall(b"a" * HEAD_BYTES_MAX)
    client.sendall(b"a")
    assert status_of(client.recv(65_536)) == 431
    sqs.create_queue(QueueName="still-here")


def test_large_bodies_are_no_part_of_the_head(sqs, fifo_url):
    for group in "abc":
        sqs.send_message(QueueUrl=fifo_url, MessageBody=group * 900_000, MessageGroupId=group)


@pytest.mark.parametrize("half", [b"", START, START + b"Content-Length: 100\r\n\r\n{"])
def test_a_request_that_does_not_arrive_whole_is_cut_off(monkeypatch, open_socket, half):
    monkeypatch.setattr(connection, "REQUEST_S_MAX", 0.2)
    client = open_socket()
    client.sendall(half)
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""


def test_the_time_for_a_request_does_not_count_while_it_is_served(monkeypatch, sqs, fifo_url):
    monkeypatch.setattr(connection, "REQUEST_S_MAX", 0.2)
    assert "Messages" not in sqs.receive_message(QueueUrl=fifo_url, WaitTimeSeconds=1)


def call(action, **params):
    """A request as bytes."""
    body = json.dumps(params).encode()
    head = f"X-Amz-Target: AmazonSQS.{action}\r\nContent-Length: {len(body)}\r\n\r\n"
    return b"POST / HTTP/1.1\r\nHost: x\r\n" + head.encode() + body


def read_answer(stream, *, has_body=True):
    """Status, headers and body of the next answer; None at the end."""
    line = stream.readline()
    if not line:
        return None
    headers = {}
    while (header := stream.readline()) != b"\r\n":
        name, _, value = header.decode().partition(": ")
        headers[name] = value.strip()
    body = stream.read(int(headers.get("content-length", 0))) if has_body else b""
    return int(line.split()[1]), headers, body


def answers_of(client):
    """Everything until the server ends the connection."""
    with client.makefile("rb") as stream:
        return list(iter(lambda: read_answer(stream), None))


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"nonsense\r\n\r\n",
        START + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        START + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["tls", "nonsense", "two-lengths", "chunk-size"],
)
def test_garbage_is_refused_after_what_came_before_it_was_answered(open_socket, sqs, garbage):
    client = open_socket()
    client.sendall(call("ListQueues") + garbage + call("CreateQueue", QueueName="smuggled"))
    (first, _, _), (second, headers, _) = answers_of(client)
    assert (first, second, headers["connection"]) == (200, 400, "close")
    assert "QueueUrls" not in sqs.list_queues()


def test_a_request_may_come_byte_by_byte(open_socket):
    client = open_socket()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in call("ListQueues"):
        client.sendall(bytes([byte]))
    assert status_of(client.recv(65_536)) == 200


def test_pipelined_requests_are_answered_in_order_also_behind_one_that_waits(
    open_socket, sqs, fifo_url
):
    client = open_socket()
    poll = call("ReceiveMessage", QueueUrl=fifo_url, WaitTimeSeconds=1)
    client.sendall(
        call("CreateQueue", QueueName="a") + poll + call("GetQueueUrl", QueueName="a") + poll[:50]
    )
    client.sendall(poll[50:] + call("GetQueueUrl", QueueName="none"))
    with client.makefile("rb") as stream:
        answers = [read_answer(stream) for _ in range(5)]
    assert [status for status, _, _ in answers] == [200, 200, 200, 200, 400]
    assert [b"/a" in body for _, _, body in answers] == [True, False, True, False, False]


def test_a_client_that_is_done_sending_gets_its_answers_and_then_the_end(open_socket):
    client = open_socket()
    client.sendall(call("CreateQueue", QueueName="a") + call("ListQueues") + START)
    client.shutdown(socket.SHUT_WR)
    assert [status for status, _, _ in answers_of(client)] == [200, 200]


def test_a_receive_whose_client_sends_no_more_ends_and_takes_no_message(open_socket, sqs, fifo_url):
    client = open_socket()
    client.sendall(call("ReceiveMessage", QueueUrl=fifo_url, WaitTimeSeconds=20))
    time.sleep(0.1)  # it waits by now; should it not, the test still holds
    client.shutdown(socket.SHUT_WR)
    started_s = time.monotonic()
    ((status, _, body),) = answers_of(client)
    assert time.monotonic() - started_s < AT_ONCE_S
    assert (status, body) == (200, b"{}")
    sqs.send_message(QueueUrl=fifo_url, MessageBody="m", MessageGroupId="g")
    assert len(sqs.receive_message(QueueUrl=fifo_url)["Messages"]) == 1


def test_a_client_that_drips_its_request_is_cut_off(monkeypatch, open_socket):
    monkeypatch.setattr(connection, "REQUEST_S_MAX", 0.3)
    client = open_socket()
    client.sendall(START + b"X: ")
    started_s = time.monotonic()
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while time.monotonic() - started_s < AT_ONCE_S:
            client.sendall(b"a")
            time.sleep(0.02)
    assert time.monotonic() - started_s < AT_ONCE_S


def test_an_idle_connection_ends_after_its_time(monkeypatch, open_socket):
    monkeypatch.setattr(connection, "KEEP_ALIVE_S", 0.2)
    client = open_socket()
    client.sendall(call("ListQueues"))
    assert [status for status, _, _ in answers_of(client)] == [200]


def test_a_client_that_does_not_read_is_not_read_either_and_cut_off(
    monkeypatch, open_socket, sqs, fifo_url
):
    monkeypatch.setattr(connection, "REQUEST_S_MAX", 0.3)
    sqs.send_message(QueueUrl=fifo_url, MessageBody="m" * 1_000_000, MessageGroupId="g")
    client = open_socket()
    client.settimeout(AT_ONCE_S)
    poll = call("ReceiveMessage", QueueUrl=fifo_url, VisibilityTimeout=0)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        client.sendall(poll * 100_000)
    received = sqs.receive_message(QueueUrl=fifo_url, AttributeNames=["ApproximateReceiveCount"])
    # Sockets hold a few answers; had it been read on, there would be thousands.
    count = received["Messages"][0]["Attributes"]["ApproximateReceiveCount"]
    assert int(count) < 100


def test_a_client_is_told_to_go_on_with_the_body_and_not_with_one_that_is_too_large(open_socket):
    client = open_socket()
    head, _, body = call("CreateQueue", QueueName="a").partition(b"\r\n\r\n")
    head += b"\r\nExpect: 100-Continue"
    with client.makefile("rb") as stream:
        client.sendall(head + b"\r\n\r\n")
        assert read_answer(stream)[0] == 100
        client.sendall(body)
        assert read_answer(stream)[0] == 200
        client.sendall(head.replace(b"Length: ", b"Length: 9999999") + b"\r\n\r\n")
        status, headers, answer = read_answer(stream)
        assert (status, headers["connection"]) == (413, "close")
        assert b"RequestEntityTooLargeException" in answer
        assert read_answer(stream) is None


def test_a_client_that_sends_too_much_may_still_read_why(open_socket):
    client = open_socket()
    size = REQUEST_BYTES_MAX + 1
    client.sendall(START + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % size)
    client.sendall(b"x" * size + b"\r\n0\r\n\r\n")
    ((status, _, _),) = answers_of(client)
    assert status == 413


def test_head_is_get_without_the_body(open_socket):
    client = open_socket()
    with client.makefile("rb") as stream:
        for path in (b"/_admin/metrics", b"/_admin/healthz", b"/_admin/none"):
            client.sendall(b"HEAD " + path + b" HTTP/1.1\r\n\r\n")
            status, headers, _ = read_answer(stream, has_body=False)
            assert status == (404 if path.endswith(b"none") else 200)
            assert int(headers["content-length"]) > 0
        client.sendall(b"GET http://anywhere/_admin/healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert read_answer(stream)[2] == b'{"status":"ok"}'
        assert read_answer(stream) is None


def test_queue_urls_name_the_address_when_the_client_names_no_host(open_socket, endpoint):
    client = open_socket()
    client.sendall(call("CreateQueue", QueueName="a").replace(b"Host: x\r\n", b""))
    ((_, _, body),) = (client.shutdown(socket.SHUT_WR), answers_of(client))[1]
    assert json.loads(body)["QueueUrl"] == f"{endpoint}/000000000000/a"


# The server


@pytest.fixture
def process(tmp_path):
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "reference.cloud.sqs", "--port-file", port_file]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    give_up_s = time.monotonic() + 30
    while not port_file.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < give_up_s
        time.sleep(0.02)
    process.port = int(port_file.read_text())
    yield process
    process.kill()
    process.communicate()


@pytest.mark.xdist_group("live")
def test_ten_thousand_idle_connections_disturb_nobody(process, connect):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 10_000
    if hard < count + 500:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients = []
    try:
        for _ in range(count):
            clients.append(socket.create_connection(("127.0.0.1", process.port)))  # noqa: PERF401
        sqs = connect(f"http://127.0.0.1:{process.port}")
        sqs.create_queue(QueueName="q")
        assert len(sqs.list_queues()["QueueUrls"]) == 1
        for client in clients[:: count // 10]:
            client.sendall(call("ListQueues"))
            assert status_of(client.recv(65_536)) == 200
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.xdist_group("live")
def test_at_a_signal_an_answer_under_way_is_finished_and_says_that_it_is_the_last(process, admin):
    url = f"http://127.0.0.1:{process.port}"
    slow = {"kind": "slow-body", "label": "s", "actions": ["ListQueues"], "body_s": 1}
    admin(url, "faults", "PUT", {"faults": [slow]})
    with socket.create_connection(("127.0.0.1", process.port), timeout=20) as client:
        client.sendall(call("CreateQueue", QueueName="q") + call("ListQueues"))
        with client.makefile("rb") as stream:
            assert read_answer(stream)[0] == 200
            os.kill(process.pid, signal.SIGTERM)
            status, _, body = read_answer(stream)
            assert (status, len(json.loads(body)["QueueUrls"])) == (200, 1)
            assert read_answer(stream) is None
    assert process.wait(AT_ONCE_S) == 0
    assert b"Traceback" not in process.stderr.read()


# Without sockets


class Transport(asyncio.Transport):
    """Remembers what was written."""

    def __init__(self):
        self.writes = []
        self.is_reading = True

    def write(self, data):
        self.writes.append(data)

    def pause_reading(self):
        self.is_reading = False

    def resume_reading(self):
        self.is_reading = True


class Handler:
    """Answers at once, or when told to."""

    body_bytes_max = 1_000

    def __init__(self):
        self.asked = []
        self.later = None

    def respond(self, request):
        self.asked.append(request.body)
        return self.later or Reply(200, b"", request.body)


@pytest.fixture
def connected():
    """A connection on a loop that the test runs."""
    loop = asyncio.new_event_loop()
    handler, transport = Handler(), Transport()
    protocol = HttpConnection(handler, loop, set())
    protocol.connection_made(transport)
    yield loop, handler, transport, protocol
    if not protocol.is_lost:
        protocol.connection_lost(None)
    loop.close()


def post(body):
    return b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def test_an_answer_is_one_write(connected):
    _, _, transport, protocol = connected
    protocol.data_received(post(b"a") + post(b"b"))
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n"
    assert transport.writes == [answer + b"a", answer + b"b"]


def test_while_the_client_does_not_read_nothing_more_is_asked_for_it(connected):
    _, handler, transport, protocol = connected
    protocol.pause_writing()
    protocol.data_received(post(b"a") + post(b"b"))
    assert (handler.asked, transport.is_reading) == ([], False)
    protocol.resume_writing()
    assert (handler.asked, transport.is_reading) == ([b"a", b"b"], True)


def test_while_an_answer_takes_a_while_its_client_is_read_until_a_request_waits(connected):
    loop, handler, transport, protocol = connected
    handler.later = loop.create_future()
    protocol.data_received(post(b"a"))
    assert transport.is_reading
    protocol.data_received(post(b"b"))
    assert (handler.asked, transport.is_reading) == ([b"a"], False)
    done, handler.later = handler.later, None
    done.set_result(Reply(200, b"", b"late"))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert [each[-4:] for each in transport.writes] == [b"late", b"\n\r\nb"[-4:]]
    assert transport.is_reading


def test_a_client_that_left_is_told_of_once(connected):
    loop, handler, _, protocol = connected
    left = []
    handler.later = loop.create_future()
    protocol.data_received(post(b"a"))
    protocol.when_lost(lambda: left.append("while waiting"))
    assert protocol.eof_received()
    protocol.connection_lost(None)
    protocol.when_lost(lambda: left.append("after"))
    protocol.when_lost(None)
    assert left == ["while waiting", "after"]
    handler.later.cancel()
    loop.run_until_complete(asyncio.sleep(0.01))
