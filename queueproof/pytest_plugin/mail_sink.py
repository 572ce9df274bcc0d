"""An SMTP server of a test: it takes every email, and keeps of it what shows that it arrived."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.processes import Component
from queueproof.pytest_plugin.identities import Row
from scenarios.evidence import EvidenceError, read_jsonl, recipients_digest

POLL_S = 0.02


@dataclass(frozen=True)
class Delivery:
    """One email that arrived. Nobody's address and no text is kept."""

    at_s: float  # of the machine's monotonic clock
    key: str | None  # the correlation header's value
    email_id: str  # local part of the Message-ID
    recipients_sha256: str
    size_bytes: int
    body_sha256: str

    def went_to(self, *addresses: str) -> bool:
        """Whether these, and no others, were its recipients."""
        return self.recipients_sha256 == recipients_digest(addresses)


class MailSink:
    """A running SMTP server on loopback; any recipient is fine, and nothing is passed on."""

    def __init__(self, port: int, journal: Path, correlation_header: str) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.correlation_header = correlation_header
        self._journal = journal

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
        try:
            return read_jsonl(self._journal) if self._journal.exists() else []
        except EvidenceError as error:
            raise RuntimeError(f"the mail sink's journal is damaged: {error}") from error


def _delivery(row: Row) -> Delivery:
    seen: Row = {name: row.get(name) for name in Delivery.__dataclass_fields__}
    return Delivery(**seen)


@contextmanager
def listening(folder: Path, correlation_header: str) -> Iterator[MailSink]:
    """A sink while the block runs, as a process of its own. Raises ComponentError."""
    journal, port_file = folder / "sink.jsonl", folder / "sink.port"
    sink = Component(
        "mail_sink",
        [
            "reference.cloud.mail_sink",
            *("--port", "0", "--port-file", str(port_file), "--journal", str(journal)),
            *("--correlation-header", correlation_header),
        ],
        log=folder / "mail_sink.log",
    )
    try:
        yield MailSink(sink.wait_for_port(port_file), journal, correlation_header)
    finally:
        sink.stop()
