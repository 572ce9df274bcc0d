"""`python -m reference.cloud.sqs`: a local SQS as a process of its own."""

import argparse
import sys
from pathlib import Path

from reference.clock import MonotonicClock
from reference.cloud.sqs.app import create_app
from reference.cloud.sqs.contents import DataError
from reference.cloud.sqs.datalog import DataLog
from reference.cloud.sqs.faults import THROTTLE_ERRORS
from reference.cloud.sqs.quotas import BURST_CALLS_DEFAULT
from reference.cloud.sqs.server import serve
from reference.journal import FileJournal
from reference.listening import PortBusyError, announce, bind


def main(
    arguments: list[str] | None = None, *, program: str = "python -m reference.cloud.sqs"
) -> int:
    """`program` is what its help calls it. Exit codes: 0 stopped by a signal, 2 cannot start."""
    options = _parser(program).parse_args(arguments)
    try:
        journal = FileJournal(options.journal) if options.journal else None
        fault_journal = FileJournal(options.fault_journal) if options.fault_journal else None
        listener = bind(options.host, options.port)
        app = create_app(
            quotas=options.quotas,
            burst_calls=options.burst_calls,
            throttle_error=options.throttle_error,
            region=options.region,
            journal=journal,
            fault_journal=fault_journal,
            seed=options.seed,
            upstream=options.upstream,
            data=DataLog(options.data, MonotonicClock()) if options.data else None,
        )
    except (DataError, PortBusyError, OSError, ValueError) as error:
        print(f"local SQS: {error}", file=sys.stderr)
        return 2

    def on_started() -> None:
        port = announce(listener, options.port_file)
        where = "kept in memory only"
        if options.upstream:
            where = f"gateway to {options.upstream}"
        if app.found:
            where = f"kept in {options.data}; {app.found}"
        print(
            f"local SQS on http://{options.host}:{port}, quotas {options.quotas}; "
            f"messages: {where}",
            file=sys.stderr,
            flush=True,
        )

    serve(app, listener, on_started)
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="A local Amazon SQS with AWS's quotas and faults on demand.",
        epilog="example: aws sqs list-queues --endpoint-url http://127.0.0.1:PORT",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    add("--port", type=int, default=0, help="0 takes a free port")
    add("--port-file", type=Path, help="where to write the port once calls are answered")
    add("--journal", type=Path, help="JSON Lines of what was stored, received, deleted, ...")
    add("--fault-journal", type=Path, help="JSON Lines of faults that fired")
    add("--quotas", choices=("strict", "off"), default="strict")
    add(
        "--burst-calls",
        type=float,
        default=BURST_CALLS_DEFAULT,
        help="calls that a FIFO quota admits at once before its rate counts (default: %(default)s)",
    )
    add(
        "--throttle-error",
        choices=tuple(THROTTLE_ERRORS),
        default="RequestThrottled",
        help="what a call over quota is answered (default: %(default)s)",
    )
    add("--region", default="us-east-1", help="as it appears in ARNs (default: %(default)s)")
    add("--data", type=Path, metavar="DIR", help="keep queues there across restarts and kills")
    add("--upstream", metavar="URL", help="be a gateway: quotas and faults before that SQS")
    add("--seed", type=int, default=0, help="for fault plans that bring no seed of their own")
    return parser


if __name__ == "__main__":
    sys.exit(main())
