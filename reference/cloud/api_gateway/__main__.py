"""`python -m reference.cloud.api_gateway`: the API in front of one queue, as a process."""

import argparse
import contextlib
import sys
from pathlib import Path

import structlog
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from reference import log_setup
from reference.api.settings import TenantKeys
from reference.clock import MonotonicClock
from reference.cloud.api_gateway.app import BURST, RATE_PER_S, RestApi
from reference.cloud.api_gateway.definition import MAPPINGS, DefinitionError, load_api
from reference.cloud.sqs.server import serve
from reference.journal import FileJournal, NullJournal
from reference.listening import PortBusyError, announce, bind

KEYS_WANTED = 'EMAIL_API_KEYS: not {"ID": "KEY", ...} with keys of at least 8 characters'


class _KeySettings(BaseSettings):
    """By environment, as with the API: a command line is everybody's to read."""

    model_config = SettingsConfigDict(
        env_prefix="EMAIL_API_", hide_input_in_errors=True, validate_default=False
    )

    keys: TenantKeys = {}


def main(arguments: list[str]) -> int:
    """Exit codes: 0 stopped by a signal, 2 cannot start as asked."""
    options = _parser().parse_args(arguments)
    log_setup.configure("api_gateway", options.log_level)
    log = structlog.get_logger()
    with contextlib.ExitStack() as files:
        try:
            keys = {name: key.get_secret_value() for name, key in _KeySettings().keys.items()}
            journal = (
                files.enter_context(FileJournal(options.journal))
                if options.journal
                else NullJournal()
            )
            app = RestApi(
                load_api(options.mapping),
                endpoint_url=options.endpoint_url,
                queue_url=options.queue_url,
                keys=keys,
                clock=MonotonicClock(),
                journal=journal,
                rate_per_s=options.throttle_rate,
                burst=options.throttle_burst,
            )
            listener = bind(options.host, options.port)
        except ValidationError:
            print(KEYS_WANTED, file=sys.stderr)
            return 2
        except (DefinitionError, PortBusyError, ValueError) as error:
            print(error, file=sys.stderr)
            return 2
        except OSError as error:
            print(f"{error.filename or 'journal'}: {error.strerror}", file=sys.stderr)
            return 2

        def on_started() -> None:
            port = announce(listener, options.port_file)
            log.info("serving", port=port, mapping=options.mapping, asks_for_keys=bool(keys))

        serve(app, listener, on_started)
        log.info("stopped")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reference.cloud.api_gateway",
        description="API Gateway in front of an SQS queue: POST /v1/emails, GET /readyz.",
        epilog='EMAIL_API_KEYS={"ID": "KEY"} in the environment: senders need an x-api-key.',
    )
    add = parser.add_argument
    add("--endpoint-url", required=True, help="where SQS answers")
    add("--queue-url", required=True, help="of the queue; one that ends in .fifo is FIFO")
    add("--mapping", choices=MAPPINGS, default=MAPPINGS[0], help="(default: %(default)s)")
    add("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    add("--port", type=int, default=0, help="0 takes a free port (default)")
    add("--port-file", type=Path, help="where to write the port once requests are answered")
    add("--throttle-rate", type=_positive, default=RATE_PER_S, help="a second (%(default)s)")
    add("--throttle-burst", type=_positive, default=BURST, help="at once (%(default)s)")
    add("--journal", type=Path, help="a row for each request is appended here")
    add("--log-level", choices=log_setup.LOG_LEVELS, default="info")
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if not 1 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: a number from 1 on is wanted")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
