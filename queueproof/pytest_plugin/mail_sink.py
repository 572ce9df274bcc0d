"""A mail provider of a test: it takes every email, and keeps of it what shows that it arrived."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.processes import Component
from queueproof.pytest_plugin.identities import Row
from scenarios.evidence import EvidenceError, read_jsonl, recipients_digest

POLL_S = 0.02
JOURNAL, FAULT_JOURNAL = "sink.jsonl", "faults.jsonl"


@dataclass(frozen=True)
class Delivery:
    """One email that arrived. Nobody's address and no text is kept."""

    at_s: float  # of the machine's monotonic clock
    key: str | None  # the correlation header's value
    email_id: str  # local part of the Message-ID
    recipients_sha256: str
    size_bytes: int
    body_sha256: str
    provider: str  # by which API it came: smtp, ses, sendgrid or mailgun

    def went_to(self, *addresses: str) -> bool:
        """Whether these, and no others, were its recipients."""
        return self.recipients_sha256 == recipients_digest(addresses)


class MailSink:
    """A running provider on loopback; any recipient is fine, and nothing is passed on.

    SMTP at `host` and `port`; at `url` the HTTP APIs of SES v2, SendGrid and Mailgun.
    """

    def __init__(self, port: int, http_port: int, folder: Path, correlation_header: str) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.url = f"http://{self.host}:{http_port}"
        self.correlation_header = correlation_header
        self._folder = folder

    @property
    def delivered(self) -> list[Delivery]:
        """All that arrived so far, in order."""
        return [_delivery(row) for row in self.rows()]

    def wait_for(self, count: int, *, timeout_s: float = 10.0) -> list[Delivery]:
        """Wait until so many emails arrived. Raises AssertionError when they did not in time."""
        deadline_s = time.monotonic() + timeout_s
        while len(delivered := self.delivered) < count:
            if time.monotonic() > deadline_s:
                raise AssertionError(
                    f"{len(delivered)} of {count} emails arrived within {timeout_s:g} s"
                )
            time.sleep(POLL_S)
        return delivered

    def rows(self) -> list[Row]:
        """The journal's rows, for the `sink` ledger."""
        return _rows(self._folder / JOURNAL)

    def fault_rows(self) -> list[Row]:
        """The fault journal's rows, for the `faults` ledger."""
        return _rows(self._folder / FAULT_JOURNAL)


def _rows(journal: Path) -> list[Row]:
    try:
        return list(read_jsonl(journal))
    except (OSError, EvidenceError) as error:
        raise RuntimeError(f"the mail sink's journal cannot be read: {error}") from error


def _delivery(row: Row) -> Delivery:
    seen: Row = {name: row.get(name) for name in Delivery.__dataclass_fields__}
    return Delivery(**seen)


@contextmanager
def listening(folder: Path, correlation_header: str) -> Iterator[MailSink]:
    """A sink while the block runs, as a process of its own. Raises ComponentError."""
    port_file, http_port_file = folder / "smtp.port", folder / "http.port"
    sink = Component(
        "mail_sink",
        [
            "reference.cloud.mail_sink",
            *("--port-file", str(port_file), "--http-port-file", str(http_port_file)),
            *("--journal", str(folder / JOURNAL), "--fault-journal", str(folder / FAULT_JOURNAL)),
            *("--correlation-header", correlation_header),
        ],
        log=folder / "mail_sink.log",
    )
    try:
        http_port = sink.wait_for_port(http_port_file)
        yield MailSink(sink.wait_for_port(port_file), http_port, folder, correlation_header)
    finally:
        sink.stop()
