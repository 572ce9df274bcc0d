"""Serving an SqsApp under uvicorn: start, announce, stop at once.

`announce` happens only when connections are answered; SIGTERM and SIGINT end long polls right
away, so a stop takes a moment however many receives wait.
"""

import asyncio
import contextlib
import gc
import resource
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from reference.cloud.connection import AbortableProtocol
from reference.cloud.sqs.app import SqsApp

# SDK clients keep idle connections in their pools for about a minute.
_KEEP_ALIVE_S = 75
_STOP_S_MAX = 3


class SqsServer(uvicorn.Server):
    """One running server. `should_exit = True` stops it, from any thread."""

    def __init__(self, app: SqsApp, on_started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=AbortableProtocol,
                loop="auto",  # uvloop when it is installed
                lifespan="off",
                ws="none",
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                backlog=4096,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_STOP_S_MAX,
            )
        )
        self._sqs_app = app
        self._on_started = on_started
        self._housekeeper: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._housekeeper = asyncio.create_task(self._sqs_app.housekeep())
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._housekeeper is not None:
            self._housekeeper.cancel()
        self._sqs_app.stop()
        await super().shutdown(sockets)
        self._sqs_app.close()


def serve(app: SqsApp, listener: socket.socket, on_started: Callable[[], None]) -> None:
    """Serve on a bound socket until SIGTERM or SIGINT; for the main thread of a process.

    `on_started` is called once connections are answered.
    """
    _allow_many_connections()
    # uvicorn raises the signal again after its own clean stop; that must not kill us.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit_cleanly)
    # A full collection walks every waiting message, a second and more with a million of them;
    # what it could free is little, as requests leave no cycles behind.
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000_000)
    SqsServer(app, on_started).run(sockets=[listener])


def _exit_cleanly(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise SystemExit(0)


def _allow_many_connections() -> None:
    """Every connection is an open file, and the usual limit of 1,024 is far below the allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems name a ceiling that they then refuse; the usual limit is better than none.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
