"""`python -m reference.cloud.lambda_trigger`: an SQS trigger and its function as one process."""

import argparse
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from reference import log_setup, sqs_client
from reference.clock import MonotonicClock
from reference.cloud import lambda_trigger
from reference.cloud.lambda_trigger.environment import FunctionSpec
from reference.cloud.lambda_trigger.function import IDLE_S, Function
from reference.cloud.lambda_trigger.mapping import WINDOW_MAX_S, Mapping, MappingError, Pollers
from reference.cloud.lambda_trigger.scaling import BATCHES_MAX, FastClock, Scaler
from reference.cloud.lambda_trigger.source import QueueFacts, Source, read_facts
from reference.cloud.lambda_trigger.trigger import POLL_WAIT_S, Trigger
from reference.errors import QueueError
from reference.journal import FileJournal, LossyJournal
from reference.settings import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

PROGRAM = "python -m reference.cloud.lambda_trigger"
CONNECT_TIMEOUT_S = 2.0
CALL_TIMEOUT_S = 5.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
SPARE_CONNECTIONS = 32  # slots that poll while others have their batches handled
HANDLER = r"[A-Za-z_][\w.]*:[A-Za-z_]\w*"
TIME_SCALE_MAX = 1_000


def main(arguments: list[str]) -> int:
    """Exit codes: 0 stopped by a signal, 2 cannot start as asked."""
    options = _parser().parse_args(arguments)
    try:
        mapping = _mapping(options)
        polls, calls = (_client(options, wait_s) for wait_s in (POLL_WAIT_S, 0))
        facts = read_facts(calls, options.queue_url)
        advice = mapping.check_visibility(facts.visibility_s)
        options.log_dir.mkdir(parents=True, exist_ok=True)
        file = FileJournal(options.journal)
    except (MappingError, SettingsError) as error:
        return _refuse(str(error))
    except QueueError as error:
        return _refuse(
            f"--queue-url {options.queue_url}: its attributes cannot be read ({error.code}); "
            "wanted: a queue that exists, at --endpoint-url"
        )
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}; wanted: a place that can be written")
    log_setup.configure("lambda", options.log_level)
    log = structlog.get_logger()
    if advice:
        log.warning("short visibility time-out", advice=advice)
    if not facts.has_redrive:
        log.warning("no dead-letter queue", advice="what always fails comes back until it expires")
    journal = LossyJournal(file, lambda error: log.error("journal row lost", errno=error.errno))
    with file:
        clock = MonotonicClock()
        trigger = Trigger(
            mapping=mapping,
            source=Source(polls, calls, options.queue_url, facts, clock),
            function=Function(
                _function_spec(options, facts),
                log_folder=options.log_dir,
                journal=journal,
                clock=clock,
                concurrency_max=options.reserved_concurrency,
                seed=options.seed,
            ),
            scaler=Scaler(FastClock(clock, options.time_scale), mapping),
            journal=journal,
            clock=clock,
            idle_s=IDLE_S / options.time_scale,
            seed=options.seed,
        )
        # Blocked in every thread and waited for in this one: a handler could interrupt a lock.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        trigger.start()
        log.info("polling", queue=facts.arn.rsplit(":", 1)[-1], handler=options.handler)
        number = signal.sigwait(STOP_SIGNALS)
        log.info("stopping", signal=signal.Signals(number).name)
        trigger.drain()
    return 0


def _refuse(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


def _mapping(options: argparse.Namespace) -> Mapping:
    return Mapping(
        is_fifo=options.queue_url.endswith(".fifo"),
        batch_size=options.batch_size,
        batch_window_s=options.batch_window_s,
        timeout_s=options.timeout_s,
        maximum_concurrency=options.maximum_concurrency,
        pollers=options.provisioned,
        reports_failures=not options.no_item_failures,
    )


def _function_spec(options: argparse.Namespace, facts: QueueFacts) -> FunctionSpec:
    region, account = facts.arn.split(":")[3:5]
    return FunctionSpec(
        name=options.function_name,
        handler=options.handler,
        timeout_s=options.timeout_s,
        memory_mb=options.memory_mb,
        region=region,
        account=account,
    )


def _client(options: argparse.Namespace, wait_s: float) -> "SQSClient":
    return sqs_client.connect(
        region=options.region,
        endpoint_url=options.endpoint_url,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        read_timeout_s=wait_s + CALL_TIMEOUT_S,
        connections_max=min(BATCHES_MAX, options.reserved_concurrency + SPARE_CONNECTIONS),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description=lambda_trigger.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--endpoint-url", help="where SQS answers, if not AWS")
    add("--region", default="us-east-1", help="AWS region (default: %(default)s)")
    add(
        "--queue-url",
        required=True,
        type=_matching(r"https?://\S+/[\w-]+(\.fifo)?", "an SQS queue URL"),
        help="the event source",
    )
    add(
        "--handler",
        required=True,
        type=_matching(HANDLER, "MODULE:FUNCTION"),
        metavar="MODULE:FUNCTION",
    )
    add(
        "--function-name",
        default="email-worker",
        type=_matching(r"[\w-]{1,64}", "1 to 64 letters, digits, - and _"),
        help="(%(default)s)",
    )
    add("--batch-size", type=int, default=10, help="1 to 10,000; FIFO 10 (default: %(default)s)")
    add(
        "--batch-window-s",
        type=_number(0, WINDOW_MAX_S),
        default=0,
        help="whole seconds, 0 to 300; FIFO none (default: %(default)s)",
    )
    add("--timeout-s", type=float, default=3.0, help="of the function (default: %(default)s)")
    add("--memory-mb", type=_number(128, 10_240), default=256, help="(default: %(default)s)")
    add("--maximum-concurrency", type=int, help="2 to 1,000 batches at a time (default: no bound)")
    add("--provisioned", type=_pollers, metavar="MIN:MAX", help="provisioned mode: event pollers")
    add(
        "--reserved-concurrency",
        type=_number(1, 1_000),
        default=16,
        help="environments at a time, each a process here; beyond it invocations are throttled"
        " (default: %(default)s)",
    )
    add("--no-item-failures", action="store_true", help="do without ReportBatchItemFailures")
    add("--log-dir", type=Path, required=True, help="log streams: FUNCTION/yyyy/mm/dd/[$LATEST]*")
    add("--journal", type=Path, required=True, help="JSON Lines of invocations and environments")
    add(
        "--time-scale",
        type=_time_scale,
        default=1.0,
        metavar="X",
        help="scaling and retirement go X times as fast; invocations do not",
    )
    add("--seed", type=int, default=0, help="of identifiers and pauses")
    add("--log-level", choices=log_setup.LOG_LEVELS, default="info")
    return parser


def _matching(pattern: str, wanted: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"{text!r}; wanted: {wanted}")
        return text

    return check


def _number(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        try:
            number = float(text)
        except ValueError:
            number = low - 1
        if not (low <= number <= high and number.is_integer()):
            raise argparse.ArgumentTypeError(f"{text!r}; wanted: a whole {low:,} to {high:,}")
        return int(number)

    return check


def _pollers(text: str) -> Pollers:
    match = re.fullmatch(r"(\d+):(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r}; wanted: MIN:MAX, as in 2:20")
    return Pollers(int(match[1]), int(match[2]))


def _time_scale(text: str) -> float:
    try:
        times = float(text)
    except ValueError:
        times = 0.0
    if not 0 < times <= TIME_SCALE_MAX:
        raise argparse.ArgumentTypeError(f"{text!r}; wanted: more than 0, at most {TIME_SCALE_MAX}")
    return times


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
