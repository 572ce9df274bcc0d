"""The API as a process: `python -m reference.api`, configured by EMAIL_API_* variables."""

import signal
import socket
import sys
from pathlib import Path

import structlog
import uvicorn

from reference import log_setup, sqs_client
from reference.api.app import create_app
from reference.api.limits import Limits
from reference.api.parts import make_route
from reference.api.settings import ApiSettings
from reference.clock import MonotonicClock
from reference.listening import PortBusyError, announce, bind
from reference.settings import SettingsError

# Busy SQS threads would keep the event loop from accepting; and what waits to be accepted for
# seconds is served after its sender has gone. A short queue lets the kernel turn senders away.
SWITCH_INTERVAL_S = 0.0005
BACKLOG = 128
# Longer than a load balancer's idle time-out (60 s is common), so that it never reuses a
# connection which this side is closing.
KEEP_ALIVE_S = 65
DRAIN_S = 15


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, port_file: Path | None) -> None:
        super().__init__(config)
        self._port_file = port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets is not None
        structlog.get_logger().info("serving", port=announce(sockets[0], self._port_file))


def main(arguments: list[str]) -> int:
    clock = MonotonicClock()
    try:
        settings = ApiSettings.load("python -m reference.api", arguments)
        client = sqs_client.connect(
            region=settings.region,
            endpoint_url=settings.sqs_endpoint_url,
            connect_timeout_s=settings.connect_timeout_s,
            read_timeout_s=settings.read_timeout_s,
            connections_max=settings.send_threads + 1,
        )
        listener = bind(settings.host, settings.port)
        route = make_route(settings, lambda url: sqs_client.SqsQueue(client, url), clock)
    except (SettingsError, PortBusyError) as error:
        print(error, file=sys.stderr)
        return 2
    log_setup.configure("api", settings.log_level)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    app = create_app(
        route,
        {tenant: key.get_secret_value() for tenant, key in settings.keys.items()},
        clock=clock,
        limits=Limits(
            request_bytes_max=settings.request_bytes_max,
            message_bytes_max=settings.message_bytes_max,
            send_threads=settings.send_threads,
            send_line_max=settings.send_line_max,
            send_attempts_max=settings.send_attempts_max,
            send_deadline_s=settings.send_deadline_s,
            send_batch_max=settings.send_batch_max,
            send_linger_s=settings.send_linger_ms / 1000,
        ),
    )
    # After draining, uvicorn raises the signal again for whoever handled it before; an orderly
    # end is no failure, so nobody does.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
    )
    _Server(config, settings.port_file).run(sockets=[listener])
    structlog.get_logger().info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
