"""What a client may take of a connection: so large a head, so long for a request."""

import contextlib
import socket
import time
from urllib.parse import urlsplit

import pytest

from reference.cloud import connection
from reference.cloud.connection import HEAD_BYTES_MAX

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
