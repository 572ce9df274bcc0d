"""What boto3 makes of each way SQS can fail, and what the client concludes, over real sockets."""

import hashlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reference import sqs_client
from reference.errors import QueueError
from reference.sqs_client import Outgoing, SqsQueue

MD5 = hashlib.md5(b"Hello", usedforsecurity=False).hexdigest()
STORED = (200, {"MessageId": "m1", "MD5OfMessageBody": MD5})


def error(status, code):
    return (status, {"__type": f"com.amazonaws.sqs#{code}", "message": "s3same"})


class FakeSqs(ThreadingHTTPServer):
    """Answers every call with `answer`: (status, JSON), bytes, or a function of the handler."""

    daemon_threads = True
    answer = STORED
    requests = 0
    body = b""  # of the latest request

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.is_closing = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests += 1
        answer = self.server.answer
        if callable(answer):
            self.close_connection = True
            answer(self)
            return
        status, content = (200, answer) if isinstance(answer, bytes) else answer
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Not on the terminal."""


def hang(handler):
    handler.server.is_closing.wait(10)


def hang_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


def half_an_answer(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")


@pytest.fixture
def fake():
    with FakeSqs() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.is_closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def queue_at(port, read_timeout_s=5.0, name="q.fifo"):
    client = sqs_client.connect(
        region="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        connect_timeout_s=1.0,
        read_timeout_s=read_timeout_s,
        connections_max=2,
    )
    return SqsQueue(client, f"http://127.0.0.1:{port}/000000000000/{name}")


def send(queue):
    return queue.send(body="Hello", group="g", dedup_id="em_1")


def test_a_confirmed_send_returns_the_message_id(fake):
    assert send(queue_at(fake.server_port)) == "m1"


@pytest.mark.parametrize(("name", "ids"), [("q.fifo", {"g", "em_1"}), ("q", {"g"})])
def test_only_a_fifo_queue_is_given_a_deduplication_id(fake, name, ids):
    queue = queue_at(fake.server_port, name=name)
    queue.send(body="Hello", group="g", dedup_id="em_1")
    sent = json.loads(fake.body)
    assert {sent[key] for key in sent if key.startswith("Message") and key.endswith("Id")} == ids
    assert sent["MessageGroupId"] == "g"


@pytest.mark.parametrize(
    ("answer", "is_definite", "is_transient"),
    [
        (error(403, "RequestThrottled"), True, True),
        (error(400, "ThrottlingException"), True, True),
        (error(400, "InvalidMessageContents"), True, False),
        (error(400, "QueueDoesNotExist"), True, False),
        (error(403, "AccessDenied"), True, False),
        (error(503, "ServiceUnavailable"), True, True),
        (error(429, "TooManyRequests"), True, True),
        (error(503, "Unknown"), False, True),
        (error(500, "InternalFailure"), False, True),
        ((502, b"<html>bad gateway</html>"), False, True),
        (b"{not json", False, True),
        (half_an_answer, False, True),
        (hang_up, False, True),
        # Planted: SQS confirms something else than what was sent, or does not say what.
        ((200, {"MessageId": "m1", "MD5OfMessageBody": "0" * 32}), False, False),
        ((200, {"MessageId": "m1"}), False, True),
        ((200, {"MD5OfMessageBody": MD5}), False, True),
        ((200, {}), False, True),
    ],
)
def test_a_failed_send_is_one_attempt_and_says_what_is_known(
    fake, answer, is_definite, is_transient
):
    fake.answer = answer
    with pytest.raises(QueueError) as caught:
        send(queue_at(fake.server_port))
    assert (caught.value.is_definite, caught.value.is_transient) == (is_definite, is_transient)
    assert fake.requests == 1
    assert "s3same" not in str(caught.value)


def test_an_answer_that_does_not_come_is_indefinite(fake):
    fake.answer = hang
    began_s = time.monotonic()
    with pytest.raises(QueueError) as caught:
        send(queue_at(fake.server_port, read_timeout_s=0.2))
    assert (caught.value.code, caught.value.is_definite) == ("ReadTimeoutError", False)
    assert time.monotonic() - began_s < 10
    assert fake.requests == 1


def test_a_refused_connection_is_definite():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    queue = queue_at(port)
    with pytest.raises(QueueError) as caught:
        send(queue)
    assert (caught.value.code, caught.value.is_definite) == ("EndpointConnectionError", True)


def stored_entry(number, **changes):
    return {"Id": str(number), "MessageId": f"m{number}", "MD5OfMessageBody": MD5, **changes}


def failed_entry(number, code, *, is_ours):
    return {"Id": str(number), "Code": code, "SenderFault": is_ours}


def send_batch(fake, count, name="q.fifo"):
    messages = [Outgoing("Hello", f"g{n}", f"em_{n}") for n in range(count)]
    failures = queue_at(fake.server_port, name=name).send_batch(messages)
    return {n: (e.code, e.is_definite, e.is_transient) for n, e in failures.items()}


def test_each_entry_of_a_batch_has_its_own_outcome(fake):
    """Planted: entry 5 is confirmed with the digest of something else, entry 6 by nobody."""
    fake.answer = (
        200,
        {
            "Successful": [
                stored_entry(0),
                stored_entry(5, MD5OfMessageBody="0" * 32),
                stored_entry(7, MessageId=""),
            ],
            "Failed": [
                failed_entry(1, "RequestThrottled", is_ours=True),
                failed_entry(2, "InvalidMessageContents", is_ours=True),
                failed_entry(3, "InternalError", is_ours=False),
                failed_entry(4, "ServiceUnavailable", is_ours=False),
            ],
        },
    )
    assert send_batch(fake, 8) == {
        1: ("RequestThrottled", True, True),
        2: ("InvalidMessageContents", True, False),
        3: ("InternalError", False, True),
        4: ("ServiceUnavailable", True, True),
        5: ("Md5Mismatch", False, False),
        6: ("IncompleteAnswer", False, True),
        7: ("IncompleteAnswer", False, True),
    }


@pytest.mark.parametrize(("name", "has_ids"), [("q.fifo", True), ("q", False)])
def test_a_batch_keeps_order_group_and_deduplication_id(fake, name, has_ids):
    fake.answer = (200, {"Successful": [stored_entry(n) for n in range(3)]})
    assert send_batch(fake, 3, name) == {}
    entries = json.loads(fake.body)["Entries"]
    assert [entry["MessageGroupId"] for entry in entries] == ["g0", "g1", "g2"]
    ids = [entry.get("MessageDeduplicationId") for entry in entries]
    assert ids == ([f"em_{n}" for n in range(3)] if has_ids else [None] * 3)


def test_a_batch_that_fails_as_a_whole_says_what_is_known(fake):
    fake.answer = error(403, "RequestThrottled")
    with pytest.raises(QueueError, match="RequestThrottled"):
        send_batch(fake, 2)


def message(number, md5=MD5):
    return {
        "MessageId": f"m{number}",
        "ReceiptHandle": f"h{number}",
        "Body": "Hello",
        "MD5OfBody": md5,
        "Attributes": {
            "ApproximateReceiveCount": "2",
            "MessageGroupId": "g",
            "MessageDeduplicationId": "em_1",
        },
    }


def test_received_messages_carry_what_the_worker_needs(fake):
    fake.answer = (200, {"Messages": [message(1)]})
    (received,) = queue_at(fake.server_port).receive(wait_s=0, visibility_s=30)
    assert (received.message_id, received.receipt_handle, received.body) == ("m1", "h1", "Hello")
    assert (received.group, received.dedup_id, received.receive_count) == ("g", "em_1", 2)
    assert "Hello" not in repr(received)


def test_a_message_of_a_standard_queue_waits_for_no_other(fake):
    fake.answer = (200, {"Messages": [message(1)]})
    (received,) = queue_at(fake.server_port, name="q").receive(wait_s=0, visibility_s=30)
    assert received.group == ""


def test_one_corrupted_body_spoils_the_whole_receive(fake):
    """Handling the others would let them overtake it."""
    fake.answer = (200, {"Messages": [message(1), message(2, md5="0" * 32)]})
    queue = queue_at(fake.server_port)
    with pytest.raises(QueueError, match="Md5Mismatch"):
        queue.receive(wait_s=0, visibility_s=30)


def batch_calls(fake):
    queue = queue_at(fake.server_port)
    handles = ["h0", "h1", "h2"]
    return queue.delete(handles), queue.change_visibility(handles, 30)


def test_failed_entries_of_a_batch_are_told_by_position(fake):
    failed = [
        {"Id": "1", "Code": "ReceiptHandleIsInvalid", "SenderFault": True},
        {"Id": "2", "Code": "InternalError", "SenderFault": False},
    ]
    fake.answer = (200, {"Successful": [{"Id": "0"}], "Failed": failed})
    for failures in batch_calls(fake):
        assert {n: error.is_transient for n, error in failures.items()} == {1: False, 2: True}


@pytest.mark.parametrize("answer", [b"{not json", (200, {}), (200, {"Successful": []})])
def test_entries_of_a_batch_that_nobody_confirmed_are_failures(fake, answer):
    fake.answer = answer
    for failures in batch_calls(fake):
        assert [(error.code, error.is_definite) for error in failures.values()] == [
            ("IncompleteAnswer", False)
        ] * 3
