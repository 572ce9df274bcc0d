"""Serving an application over HTTP: start, announce, stop at once.

`on_started` is called once connections are answered; SIGTERM and SIGINT end long polls right
away, so a stop takes a moment however many receives wait.
"""

import asyncio
import contextlib
import gc
import resource
import signal
import socket
from collections.abc import Callable
from typing import Protocol

import uvloop

from reference.cloud.sqs.connection import HttpConnection
from reference.cloud.sqs.exchange import Handler

_BACKLOG = 4096  # connections that may wait to be accepted
_STOP_S_MAX = 3.0
_LOOK_S = 0.005


class Application(Handler, Protocol):
    """What is served."""

    async def housekeep(self) -> None:
        """What is to be done while no request asks for it; cancelled at the end."""

    def stop(self) -> None:
        """Answer at once whatever waits."""

    def close(self) -> None:
        """Every call was answered: write what is left to write."""


class HttpServer:
    """One server; `run` it once. `stop` ends it, from any thread."""

    def __init__(self, app: Application, on_started: Callable[[], None]) -> None:
        self._app = app
        self._on_started = on_started
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._connections: set[HttpConnection] = set()

    def run(self, listener: socket.socket, *, stops_on: tuple[signal.Signals, ...] = ()) -> None:
        """Serve on a bound socket until it is stopped; signals only in a main thread."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run(listener, stops_on))

    def stop(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def _run(self, listener: socket.socket, stops_on: tuple[signal.Signals, ...]) -> None:
        loop = self._loop = asyncio.get_running_loop()
        for number in stops_on:
            loop.add_signal_handler(number, self._stopping.set)
        server = await loop.create_server(
            lambda: HttpConnection(self._app, loop, self._connections),
            sock=listener,
            backlog=_BACKLOG,
        )
        housekeeper = loop.create_task(self._app.housekeep())
        self._on_started()
        await self._stopping.wait()
        housekeeper.cancel()
        server.close()
        self._app.stop()
        await self._drain(loop)
        self._app.close()

    async def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let every request under way be answered, for a while."""
        for connection in list(self._connections):
            connection.drain()
        give_up_s = loop.time() + _STOP_S_MAX
        while self._connections and loop.time() < give_up_s:
            await asyncio.sleep(_LOOK_S)
        for connection in list(self._connections):
            connection.give_up()
        await asyncio.sleep(0)  # so that their tasks end


def serve(app: Application, listener: socket.socket, on_started: Callable[[], None]) -> None:
    """Serve on a bound socket until SIGTERM or SIGINT; for the main thread of a process.

    `on_started` is called once connections are answered.
    """
    _allow_many_connections()
    # A full collection walks every waiting message, a second and more with a million of them;
    # what it could free is little, as requests leave no cycles behind.
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000_000)
    HttpServer(app, on_started).run(listener, stops_on=(signal.SIGTERM, signal.SIGINT))


def _allow_many_connections() -> None:
    """Every connection is an open file, and the usual limit of 1,024 is far below the allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems name a ceiling that they then refuse; the usual limit is better than none.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
