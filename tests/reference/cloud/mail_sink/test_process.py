"""The mail sink as a process: its journal holds every accepted mail and nothing personal."""

import hashlib
import resource
import signal
import smtplib
import socket
import subprocess
import sys
import time

import pytest

START_TIMEOUT_S = 30  # a loaded machine takes seconds to import


def start(folder, *arguments):
    command = [sys.executable, "-m", "reference.cloud.mail_sink", *arguments]
    with (folder / "sink.log").open("w") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.PIPE, text=True)


def deliver(port, *mails):
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=10) as client:
        for mail in mails:
            client.sendmail("ann@example.com", ["bob@example.com"], mail)


def test_each_accepted_mail_is_one_row(tmp_path, sink):
    body = b"Hello Bob\r\n\r\nsecond paragraph\r\n"
    head = (
        b"Message-ID: <em_1@mail.example.com>\r\nX-Long: a\r\n b\r\n"
        b"x-queueproof-KEY:\r\n k-17\r\nSubject: Hi\r\n\r\n"
    )
    before_s = time.monotonic()
    deliver(sink.smtp_port, head + body, b"Subject: bare\r\n\r\nHello\r\n")
    first, second = sink.rows()
    assert before_s <= first.pop("at_s") <= time.monotonic()
    assert first == {
        "email_id": "em_1",
        "key": "k-17",
        "provider": "smtp",
        "recipients_sha256": hashlib.sha256(b"bob@example.com").hexdigest(),
        "size_bytes": len(head + body),
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }
    assert (second["email_id"], second["key"]) == ("", None)


def test_a_header_in_the_text_is_no_header(tmp_path, sink):
    deliver(sink.smtp_port, b"Subject: Hi\r\n\r\nMessage-ID: <em_2@mail.example.com>\r\n")
    assert sink.rows()[0]["email_id"] == ""


def test_nothing_personal_is_kept_or_logged(tmp_path, sink):
    deliver(sink.smtp_port, b"From: ann@example.com\r\nSubject: s3same\r\n\r\ns3same\r\n")
    kept = (tmp_path / "sink.jsonl").read_text() + (tmp_path / "sink.log").read_text()
    assert "example.com" not in kept
    assert "s3same" not in kept


@pytest.mark.parametrize(
    "sink", [["--refuse-recipient", "^refused", "--log-level", "debug"]], indirect=True
)
def test_recipients_can_be_refused_with_their_address_in_the_answer(tmp_path, sink):
    with smtplib.SMTP(
        "127.0.0.1", sink.smtp_port, local_hostname="localhost", timeout=10
    ) as client:
        client.ehlo()
        client.mail("ann@example.com")
        assert client.rcpt("Refused-1@example.com") == (
            550,
            b"5.1.1 <Refused-1@example.com>: no such mailbox",
        )
        assert client.rcpt("bob@example.com")[0] == 250
    assert not (tmp_path / "sink.jsonl").read_text()
    assert "example.com" not in (tmp_path / "sink.log").read_text()


def test_a_pattern_that_is_none_is_one_line_and_exit_code_2(tmp_path):
    journal = str(tmp_path / "sink.jsonl")
    process = start(tmp_path, "--journal", journal, "--refuse-recipient", "(")
    _, errors = process.communicate(timeout=START_TIMEOUT_S)
    assert process.returncode == 2
    assert "--refuse-recipient: not a regular expression" in errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order(sink, number):
    sink.process.send_signal(number)
    assert sink.process.wait(10) == 0


def test_a_busy_port_is_one_line_and_exit_code_2(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        process = start(tmp_path, "--port", port, "--journal", str(tmp_path / "sink.jsonl"))
        _, errors = process.communicate(timeout=START_TIMEOUT_S)
    assert process.returncode == 2
    assert "cannot listen on 127.0.0.1" in errors
    assert len(errors.splitlines()) == 1


def test_an_unwritable_journal_is_one_line_and_exit_code_2(tmp_path):
    (tmp_path / "file").touch()
    process = start(tmp_path, "--journal", str(tmp_path / "file" / "sink.jsonl"))
    _, errors = process.communicate(timeout=START_TIMEOUT_S)
    assert process.returncode == 2
    assert len(errors.splitlines()) == 1


def test_an_unwritable_journal_refuses_for_now_what_it_cannot_keep(sink, tmp_path):
    """Nobody is told that an email arrived which the ground truth does not know."""
    resource.prlimit(sink.process.pid, resource.RLIMIT_FSIZE, (0, 0))
    with smtplib.SMTP("127.0.0.1", sink.smtp_port, local_hostname="localhost") as client:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail("ann@example.com", ["bob@example.com"], b"Subject: Hi\r\n\r\nHello\r\n")
        assert caught.value.smtp_code == 452
