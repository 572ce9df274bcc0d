"""The SMTP provider against a relay whose every answer can be scripted."""

import contextlib
import json
import socketserver
import threading

import pytest

from reference.clock import VirtualClock
from reference.domain import Email, email_id_for
from reference.errors import ProviderError
from reference.providers.base import Outgoing
from reference.providers.smtp import SmtpProvider

HANG_UP = object()


class Relay(socketserver.ThreadingTCPServer):
    """Answers 250 (354 to DATA), unless `script` has something for the command.

    "." is the end of a mail. Each scripted answer is used once.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Session)
        self.script = {}
        self.commands = []
        self.mails = []
        self.connections = 0

    def answer(self, verb, default):
        self.commands.append(verb)
        answers = self.script.get(verb)
        return answers.pop(0) if answers else default


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        with contextlib.suppress(ConnectionError):
            self.serve()

    def serve(self):
        self.server.connections += 1
        self.wfile.write(b"220 relay.example.com\r\n")
        while line := self.rfile.readline():
            verb = line.split()[0].decode().upper()
            reply = self.server.answer(verb, b"354 go on" if verb == "DATA" else b"250 fine")
            if reply is HANG_UP:
                return
            self.wfile.write(reply + b"\r\n")
            if verb == "DATA" and reply.startswith(b"354"):
                mail = b""
                while (text := self.rfile.readline()) != b".\r\n":
                    mail += text
                reply = self.server.answer(".", b"250 taken")
                if reply is HANG_UP:
                    return
                self.server.mails.append(mail)
                self.wfile.write(reply + b"\r\n")


@pytest.fixture
def relay():
    with Relay() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def provider(relay):
    provider = SmtpProvider(
        "127.0.0.1",
        relay.server_address[1],
        domain="mail.example.com",
        timeout_s=5,
        clock=VirtualClock(),
    )
    yield provider
    provider.close()


def outgoing(key="k", text="Hello"):
    email = {
        "from": "ann@example.com",
        "to": ["bob@example.com"],
        "bcc": ["eve@example.com"],
        "subject": "Hi",
        "text": text,
    }
    return Outgoing(email_id_for("shop", key), Email.model_validate_json(json.dumps(email)))


def error_of(provider):
    with pytest.raises(ProviderError) as caught:
        provider.send(outgoing())
    return caught.value.code, caught.value.is_definite, caught.value.is_transient


def test_an_accepted_email_is_handed_over_once(relay, provider):
    provider.send(outgoing(text="Hello\n.\nWorld"))
    (mail,) = relay.mails
    assert b"\r\nHello\r\n..\r\nWorld" in mail
    assert relay.commands.count("RCPT") == 2


def test_one_connection_serves_many_emails(relay, provider):
    for key in "abc":
        provider.send(outgoing(key))
    assert relay.connections == 1
    assert relay.commands.count("EHLO") == 1


@pytest.mark.parametrize(
    ("verb", "reply", "expected"),
    [
        ("MAIL", b"451 busy", ("451", True, True)),
        ("MAIL", b"550 no", ("550", True, False)),
        ("RCPT", b"452 full", ("452", True, True)),
        ("RCPT", b"550 no such user bob@example.com", ("550", True, False)),
        ("DATA", b"451 busy", ("451", True, True)),
        ("DATA", b"554 no", ("554", True, False)),
        (".", b"451 busy", ("451", True, True)),
        (".", b"552 too large", ("552", True, False)),
    ],
)
def test_a_refusal_is_definite_and_the_connection_lives_on(relay, provider, verb, reply, expected):
    relay.script[verb] = [reply]
    assert error_of(provider) == expected
    provider.send(outgoing())
    assert relay.connections == 1


def test_one_refused_recipient_refuses_the_whole_email(relay, provider):
    relay.script["RCPT"] = [b"250 fine", b"550 no"]
    assert error_of(provider) == ("550", True, False)
    assert relay.mails == []


def test_a_lost_answer_after_the_dot_is_indefinite(relay, provider):
    relay.script["."] = [HANG_UP]
    assert error_of(provider) == ("SMTPServerDisconnected", False, True)


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT"])
def test_a_connection_lost_before_the_text_is_definite(relay, provider, verb):
    relay.script[verb] = [HANG_UP]
    assert error_of(provider) == ("SMTPServerDisconnected", True, True)


def test_a_connection_closed_while_idle_is_replaced_unnoticed(relay, provider):
    provider.send(outgoing("a"))
    relay.script["MAIL"] = [HANG_UP]
    provider.send(outgoing("b"))
    assert len(relay.mails) == 2
    assert relay.connections == 2


def test_a_relay_that_is_not_there_is_a_definite_transient_error(relay):
    with Relay() as gone:
        port = gone.server_address[1]
    provider = SmtpProvider(
        "127.0.0.1", port, domain="mail.example.com", timeout_s=1, clock=VirtualClock()
    )
    assert error_of(provider) == ("ConnectionRefusedError", True, True)


def test_errors_do_not_quote_the_relay(relay, provider):
    relay.script["RCPT"] = [b"550 no such user bob@example.com"]
    with pytest.raises(ProviderError) as caught:
        provider.send(outgoing())
    assert "bob" not in str(caught.value)
    assert caught.value.__cause__ is None
