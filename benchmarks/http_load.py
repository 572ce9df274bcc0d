"""A load client so small that it leaves the machine to the server it measures.

Keep-alive connections on one event loop, each with one request under way. What a connection asks
is a script: a generator that yields requests and is sent their answers, so that a receive can be
followed by the delete of what it got. An SDK would take several times the server's own time.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import httptools

from benchmarks.figures import BenchError

GRACE_S = 20.0  # for answers still under way when the time is up
RESENDS_MAX = 3  # of one request, on connections that were closed under it


class Request(NamedTuple):
    """Bytes for the wire, and how many units of work its good answer counts for."""

    data: bytes
    units: int


class Answer(NamedTuple):
    status: int
    body: bytes


Script = Generator[Request, Answer, None]


@dataclass
class Load:
    """What was done. `answered` holds a moment, in seconds from the start, and a status a call."""

    units: int = 0
    elapsed_s: float = 0.0
    client_cpu_s: float = 0.0
    answered: list[tuple[float, int]] = field(default_factory=list)
    refusal: Answer | None = None  # the first answer that was none of the accepted ones

    @property
    def per_s(self) -> float:
        """Units a second."""
        return self.units / self.elapsed_s if self.elapsed_s else 0.0


def offer(
    port: int,
    scripts: Sequence[Script],
    *,
    time_max_s: float,
    rate_per_s: float | None = None,
    accepts: Callable[[int], bool] = lambda status: status == 200,
) -> Load:
    """Run the scripts against 127.0.0.1, a connection each, until they or the time end.

    With `rate_per_s` requests leave on a fixed schedule, whatever the answers do. Raises
    BenchError when the server cannot be reached, stops answering, or gives an answer whose status
    is not accepted.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_offer(port, scripts, time_max_s, rate_per_s, accepts))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - there is none for Windows

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _offer(
    port: int,
    scripts: Sequence[Script],
    time_max_s: float,
    rate_per_s: float | None,
    accepts: Callable[[int], bool],
) -> Load:
    run = _Run(port, time_max_s, rate_per_s, accepts)
    lanes = [_Lane(run, script) for script in scripts]
    try:
        await asyncio.gather(*(lane.connect() for lane in lanes))
        run.begin()
        for lane in lanes:
            lane.begin()
        done, late = await asyncio.wait(
            [lane.done for lane in lanes],
            timeout=time_max_s + GRACE_S,
            return_when=asyncio.FIRST_EXCEPTION,
        )
    except OSError as error:
        raise BenchError(f"port {port} cannot be reached: {error}") from error
    finally:
        for lane in lanes:
            lane.close()
    for outcome in done:
        outcome.result()
    if late:
        raise BenchError(f"port {port} left calls without an answer for {GRACE_S:g} s")
    run.end()
    if run.load.refusal is not None:
        status, body = run.load.refusal
        raise BenchError(f"port {port} answered {status}: {body[:200].decode(errors='replace')}")
    return run.load


class _Run:
    """What the lanes of one load share: clock, schedule and sums."""

    def __init__(
        self,
        port: int,
        time_max_s: float,
        rate_per_s: float | None,
        accepts: Callable[[int], bool],
    ) -> None:
        self.port = port
        self.loop = asyncio.get_running_loop()
        self.accepts = accepts
        self.load = Load()
        self._time_max_s = time_max_s
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._requests = 0
        self._begun_s = self._begun_cpu_s = 0.0

    def begin(self) -> None:
        self._begun_s, self._begun_cpu_s = self.loop.time(), time.process_time()

    def end(self) -> None:
        self.load.client_cpu_s = time.process_time() - self._begun_cpu_s
        self.load.elapsed_s = max((at_s for at_s, _ in self.load.answered), default=0.0)

    @property
    def is_late(self) -> bool:
        return self.loop.time() - self._begun_s >= self._time_max_s

    def due_s(self) -> float:
        """When the next request may leave; 0 for at once."""
        due_s = self._begun_s + self._requests * self._interval_s
        self._requests += 1
        return due_s if self._interval_s else 0.0

    def count(self, request: Request, answer: Answer) -> None:
        self.load.answered.append((self.loop.time() - self._begun_s, answer.status))
        if not self.accepts(answer.status):
            self.load.refusal = self.load.refusal or answer
        elif answer.status == 200:
            self.load.units += request.units


class _Connection(asyncio.Protocol):
    """One connection of a lane; when it is lost, the lane takes another."""

    def __init__(self, lane: "_Lane") -> None:
        self._lane = lane
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self.transport is not None:  # None: we let it go ourselves
            self.transport = None
            self._lane.lost(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            # What a script raises comes out of the parser as the context of the parser's error.
            cause = error.__context__
            self._lane.fail(
                cause if isinstance(cause, BenchError) else BenchError(f"no HTTP: {error}")
            )

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        answer = Answer(self._parser.get_status_code(), b"".join(self._body))
        self._body.clear()
        if not self._parser.should_keep_alive() and self.transport is not None:
            self.transport.close()
            self.transport = None
        self._lane.answered(answer)


class _Lane:
    """One script, and the connection that it asks on."""

    def __init__(self, run: _Run, script: Script) -> None:
        self._run = run
        self._script = script
        self._connection = _Connection(self)
        self._request: Request | None = None  # the one under way
        self._resends = 0
        self._connecting: asyncio.Task[None] | None = None
        self.done = run.loop.create_future()

    async def connect(self) -> None:
        self._connection = connection = _Connection(self)
        await self._run.loop.create_connection(lambda: connection, "127.0.0.1", self._run.port)

    def begin(self) -> None:
        try:
            self._ask(next(self._script))
        except StopIteration:
            self.done.set_result(None)

    def close(self) -> None:
        if not self.done.cancel() and not self.done.cancelled():
            self.done.exception()  # seen: the first of all lanes is the one that is raised
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection.transport is not None:
            self._connection.transport.abort()

    def answered(self, answer: Answer) -> None:
        request = self._request
        if request is None or self.done.done():
            return
        self._request, self._resends = None, 0
        self._run.count(request, answer)
        # A unit that was begun is finished: a receive without its delete would count for nothing.
        is_over = self._run.load.refusal is not None or (self._run.is_late and request.units)
        try:
            following = None if is_over else self._script.send(answer)
        except StopIteration:
            following = None
        if following is None:
            self.done.set_result(None)
        else:
            self._ask(following)

    def lost(self, connection: _Connection) -> None:
        """A server may close an idle connection at any time, also under a request; ask again."""
        if connection is not self._connection or self._request is None or self.done.done():
            return
        self._resends += 1
        if self._resends > RESENDS_MAX:
            self.fail(BenchError(f"port {self._run.port} closes connections without an answer"))
        else:
            self._connect_and_write()

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def _ask(self, request: Request) -> None:
        due_s = self._run.due_s()
        if due_s > self._run.loop.time():
            self._run.loop.call_at(due_s, self._write, request)
        else:
            self._write(request)

    def _write(self, request: Request) -> None:
        if self.done.done():
            return
        self._request = request
        transport = self._connection.transport
        if transport is None or transport.is_closing():
            self._connect_and_write()
        else:
            transport.write(request.data)

    def _connect_and_write(self) -> None:
        self._connecting = self._run.loop.create_task(self._write_anew())

    async def _write_anew(self) -> None:
        try:
            await self.connect()
        except OSError as error:
            self.fail(BenchError(f"port {self._run.port} cannot be reached again: {error}"))
            return
        transport = self._connection.transport
        if transport is None:
            self.lost(self._connection)
        elif self._request is not None:
            transport.write(self._request.data)
