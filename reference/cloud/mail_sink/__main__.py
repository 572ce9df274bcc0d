"""`python -m reference.cloud.mail_sink`: the providers of this repository as one process."""

import argparse
import asyncio
import contextlib
import re
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvicorn
import uvloop

from reference import log_setup
from reference.clock import MonotonicClock
from reference.cloud import mail_sink
from reference.cloud.mail_sink.abortable import AbortableProtocol
from reference.cloud.mail_sink.faults import ProviderFaults
from reference.cloud.mail_sink.http import SinkApp
from reference.cloud.mail_sink.sink import Sink
from reference.cloud.mail_sink.smtp import session_of
from reference.journal import FileJournal, NullJournal
from reference.listening import PortBusyError, announce, bind

HOUSEKEEPING_S = 0.25
KEEP_ALIVE_S = 75  # clients keep idle connections for about a minute
STOP_S_MAX = 3


class _HttpServer(uvicorn.Server):
    """uvicorn without its signals: this process has two servers and handles them itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    sink: Sink,
    smtp: socket.socket,
    http: socket.socket,
    *,
    smtp_port_file: Path | None,
    http_port_file: Path | None,
) -> None:
    """Accept mail until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    config = uvicorn.Config(
        SinkApp(sink),
        http=AbortableProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S_MAX,
    )
    http_server = _HttpServer(config)

    def stop() -> None:
        http_server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    smtp_server = await loop.create_server(lambda: session_of(sink, loop), sock=smtp)
    serving = asyncio.create_task(http_server.serve(sockets=[http]))
    while not http_server.started and not serving.done():
        await asyncio.sleep(0.01)
    structlog.get_logger().info(
        "serving",
        http_port=announce(http, http_port_file),
        port=announce(smtp, smtp_port_file),
    )
    while not serving.done():
        # Windows of faults open and close while no email comes by, too.
        sink.faults.settle()
        await asyncio.wait([serving], timeout=HOUSEKEEPING_S)
    smtp_server.close()
    structlog.get_logger().info("stopped")


def main(arguments: list[str]) -> int:
    """Exit codes: 0 stopped by a signal, 2 cannot start as asked."""
    options = _parser().parse_args(arguments)
    log_setup.configure("mail_sink", options.log_level)
    clock = MonotonicClock()
    try:
        with contextlib.ExitStack() as files:
            journal = files.enter_context(FileJournal(options.journal))
            faults = ProviderFaults(
                clock,
                files.enter_context(FileJournal(options.fault_journal))
                if options.fault_journal
                else NullJournal(),
                seed=options.seed,
            )
            sink = Sink(
                journal,
                clock,
                faults,
                correlation_header=options.correlation_header,
                refused=options.refuse_recipient,
            )
            uvloop.run(
                serve(
                    sink,
                    bind(options.host, options.port),
                    bind(options.host, options.http_port),
                    smtp_port_file=options.port_file,
                    http_port_file=options.http_port_file,
                )
            )
    except PortBusyError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or 'journal'}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reference.cloud.mail_sink",
        description=mail_sink.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    add("--port", type=int, default=0, help="of SMTP; 0 takes a free one (default)")
    add("--port-file", type=Path, help="where to write it once everything is served")
    add("--http-port", type=int, default=0, help="of the APIs; 0 takes a free one (default)")
    add("--http-port-file", type=Path, help="where to write it once everything is served")
    add("--journal", type=Path, required=True, help="rows are appended here")
    add("--fault-journal", type=Path, help="faults that started, fired and ended")
    add("--seed", type=int, default=0, help="for fault plans that bring no seed of their own")
    add("--correlation-header", default="X-Queueproof-Key")
    add("--refuse-recipient", type=_pattern, metavar="REGEX", help="refuse such addresses")
    add("--log-level", choices=log_setup.LOG_LEVELS, default="info")
    return parser


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {error}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
