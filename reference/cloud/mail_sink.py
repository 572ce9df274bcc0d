"""A mail relay that keeps nothing but a journal: the ground truth of what was delivered.

    python -m reference.cloud.mail_sink --port 0 --port-file F --journal sink.jsonl

Each row, written before the sender gets its 250, has `at_s` (monotonic clock), `email_id` (the
local part of the Message-ID), `key` (the value of --correlation-header, null when the mail has
none), `provider`, `recipients_sha256` (of the envelope's lower-case addresses, sorted, one a line:
enough to tell a misdelivery, too little to tell who), `size_bytes` and `body_sha256` (of all that
follows the header's blank line). With --refuse-recipient it refuses some recipients for good, and
quotes their address in its answer, as many relays do.
"""

import argparse
import asyncio
import hashlib
import re
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import structlog
import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from reference import log_setup
from reference.clock import Clock, MonotonicClock
from reference.journal import FileJournal, Journal
from reference.listening import PortBusyError, announce, bind

SIZE_BYTES_MAX = 40 * 1024 * 1024  # Amazon SES takes 40 MB; what fits into SQS is far below
IDLE_TIMEOUT_S = 300.0  # RFC 5321 4.5.3.2.7: at least 5 minutes

_FOLD = re.compile(rb"\r?\n[ \t]+")


class JournalingHandler:
    """Writes down each mail that arrives, then accepts it."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        correlation_header: str,
        refused: re.Pattern[str] | None,
    ) -> None:
        """Recipients in which `refused` is found are refused."""
        self._journal = journal
        self._clock = clock
        self._key_header = correlation_header
        self._refused = refused

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if self._refused is not None and self._refused.search(address):
            return f"550 5.1.1 <{address}>: no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient fine"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        content = envelope.content
        assert isinstance(content, bytes)  # decode_data is off
        head, body = _split(content)
        message_id = _header(head, "Message-ID") or ""
        self._journal.write(
            at_s=self._clock.now_s(),
            email_id=message_id.strip("<>").partition("@")[0],
            key=_header(head, self._key_header),
            provider="smtp",
            recipients_sha256=_digest(envelope.rcpt_tos),
            size_bytes=len(content),
            body_sha256=hashlib.sha256(body).hexdigest(),
        )
        return "250 2.0.0 accepted"


def _digest(addresses: Iterable[str]) -> str:
    lines = "\n".join(sorted(address.lower() for address in addresses))
    return hashlib.sha256(lines.encode()).hexdigest()


def _split(content: bytes) -> tuple[bytes, bytes]:
    head, _, body = content.partition(b"\r\n\r\n")
    return head, body


def _header(head: bytes, name: str) -> str | None:
    """The first such header's value, unfolded."""
    pattern = rb"^" + re.escape(name.encode()) + rb":[ \t]*(.*)$"
    match = re.search(pattern, _FOLD.sub(b" ", head), re.IGNORECASE | re.MULTILINE)
    return None if match is None else match[1].decode("utf-8", "replace").strip()


async def serve(
    handler: JournalingHandler, *, host: str, port: int, port_file: Path | None
) -> None:
    """Accept mail until SIGTERM or SIGINT. Raises PortBusyError."""
    listener = bind(host, port)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    def session() -> SMTP:
        # hostname: without it aiosmtpd asks DNS for this machine's name.
        return SMTP(
            handler,
            data_size_limit=SIZE_BYTES_MAX,
            hostname="localhost",
            timeout=IDLE_TIMEOUT_S,
            loop=loop,
        )

    server = await loop.create_server(session, sock=listener)
    structlog.get_logger().info("serving", port=announce(listener, port_file))
    await stopped.wait()
    server.close()
    structlog.get_logger().info("stopped")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m reference.cloud.mail_sink", description=__doc__
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--port-file", type=Path, help="where to write the port once serving")
    parser.add_argument("--journal", type=Path, required=True, help="rows are appended here")
    parser.add_argument("--correlation-header", default="X-Queueproof-Key")
    parser.add_argument(
        "--refuse-recipient", type=_pattern, metavar="REGEX", help="answer 550 to such addresses"
    )
    parser.add_argument("--log-level", choices=log_setup.LOG_LEVELS, default="info")
    options = parser.parse_args(arguments)
    log_setup.configure("mail_sink", options.log_level)
    try:
        with FileJournal(options.journal) as journal:
            handler = JournalingHandler(
                journal, MonotonicClock(), options.correlation_header, options.refuse_recipient
            )
            uvloop.run(
                serve(handler, host=options.host, port=options.port, port_file=options.port_file)
            )
    except PortBusyError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"--journal {options.journal}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {error}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
