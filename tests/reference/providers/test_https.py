"""Posting over HTTP, against a server whose every answer is scripted, byte by byte."""

import contextlib
import socket
import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reference.clock import MonotonicClock
from reference.errors import ProviderError
from reference.providers.https import HttpsApi

HANG_UP = b""


class Server(socketserver.ThreadingTCPServer):
    """Answers each request with the next of its script, else 200."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Session)
        self.script = []
        self.requests = []
        self.connections = 0


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.connections += 1
        with contextlib.suppress(ConnectionError):
            while head := self._head():
                size = next(
                    int(line.split(b":")[1])
                    for line in head
                    if line.lower().startswith(b"content-length")
                )
                self.server.requests.append((head, self.rfile.read(size)))
                script = self.server.script
                answer = script.pop(0) if script else answer_of(200)
                if answer is HANG_UP:
                    return
                self.wfile.write(answer)

    def _head(self):
        lines = []
        while (line := self.rfile.readline()) not in {b"", b"\r\n"}:
            lines.append(line)
        return lines


def answer_of(status, body=b"{}", *, length=None):
    length = len(body) if length is None else length
    return f"HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n\r\n".encode() + body


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def api(server):
    api = HttpsApi(
        f"http://127.0.0.1:{server.server_address[1]}/",
        headers={"authorization": "Bearer s3same"},
        timeout_s=0.5,
        connections_max=2,
        clock=MonotonicClock(),
    )
    with contextlib.closing(api):
        yield api


def error_of(api):
    with pytest.raises(ProviderError) as caught:
        api.post("/send", b"{}", "application/json")
    return caught.value.code, caught.value.is_definite, caught.value.is_transient


def test_a_post_carries_credentials_and_its_body_once(server, api):
    api.post("/send", b"text", "text/plain")
    ((head, body),) = server.requests
    assert body == b"text"
    assert head[0] == b"POST /send HTTP/1.1\r\n"
    assert {b"authorization: Bearer s3same\r\n", b"content-type: text/plain\r\n"} <= set(head)


@pytest.mark.parametrize(
    ("status", "definite", "transient"),
    [
        *((status, True, False) for status in (400, 413, 422)),
        *((status, True, True) for status in (301, 307, 401, 402, 403, 404, 408, 429, 503)),
        *((status, False, True) for status in (500, 502, 504, 599)),
    ],
)
def test_each_status_says_what_is_known(server, api, status, definite, transient):
    server.script = [answer_of(status, b"bob@example.com")]
    assert error_of(api) == (str(status), definite, transient)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 202])
def test_a_success_leaves_the_connection_for_the_next(server, api, status):
    server.script = [answer_of(status, b"x" * 20_000), answer_of(400), answer_of(202, b"")]
    api.post("/send", b"{}", "application/json")
    assert error_of(api)[0] == "400"
    api.post("/send", b"{}", "application/json")
    assert server.connections == 1


def test_a_status_counts_even_when_the_rest_of_the_answer_never_comes(server, api):
    server.script = [answer_of(202, b"par", length=100)]
    api.post("/send", b"{}", "application/json")
    api.post("/send", b"{}", "application/json")
    assert server.connections == 2  # what was left of the first answer could not be mistaken


@pytest.mark.parametrize("answer", [HANG_UP, b"HTTP/1.1 2", b"250 hello\r\n\r\n"])
def test_without_a_status_the_outcome_is_unknown_and_nothing_is_sent_again(server, api, answer):
    server.script = [answer]
    assert error_of(api)[1:] == (False, True)
    assert len(server.requests) == 1


@pytest.fixture
def untrusted_port(tmp_path):
    """A TLS server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def serve(listener):
        with contextlib.suppress(OSError):  # the client ends the handshake
            connection, _ = listener.accept()
            connection.close()

    with (
        socket.create_server(("127.0.0.1", 0)) as plain,
        context.wrap_socket(plain, server_side=True) as listener,
    ):
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_definite(untrusted_port):
    api = HttpsApi(
        f"https://127.0.0.1:{untrusted_port}",
        headers={},
        timeout_s=5,
        connections_max=1,
        clock=MonotonicClock(),
    )
    with contextlib.closing(api):
        assert error_of(api) == ("SSLError", True, True)
