"""TCP relays between components, which can hold, delay and slow down what passes.

    client --> relay --> server          one lane each way, each with a condition of its own

A partition is a black hole: nothing passes, nobody is told, and what was under way arrives when it
heals, also when its sender has given up meanwhile, as with TCP's own retransmissions. One
difference from a cut cable: a new connection is accepted, and then silent.

All relays of a run share a thread with an event loop.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")
Way = Literal["there", "back"]  # from client to server, from server to client

CHUNK_BYTES = 65_536
HELD_BYTES_MAX = 1_048_576  # of one lane; more waits in the sender's own buffers
SLICE_S = 0.05  # a slow lane passes at most so much at a time


@dataclass(frozen=True)
class Condition:
    """What a lane is like."""

    is_cut: bool = False
    delay_s: float = 0.0
    bytes_per_s: float | None = None


CLEAR = Condition()


class Lane:
    """One direction of a link, over all its connections."""

    def __init__(self) -> None:
        self._condition = CLEAR
        self._changed = asyncio.Event()
        self._free_at_s = 0.0  # when a slow lane has passed on what it was given
        self.hindered = 0  # chunks and connections that the condition kept back

    def set(self, condition: Condition) -> None:
        self._condition = condition
        self._changed.set()
        self._changed = asyncio.Event()

    def due_s(self, now_s: float) -> float:
        """When what arrives now may leave again."""
        if self._condition != CLEAR:
            self.hindered += 1
        return now_s + self._condition.delay_s

    async def pass_on(self, size_bytes: int) -> int:
        """Wait until something may pass; returns how much of it."""
        while self._condition.is_cut:
            self.hindered += 1
            await self._changed.wait()
        rate = self._condition.bytes_per_s
        if rate is None:
            return size_bytes
        part_bytes = min(size_bytes, max(1, int(rate * SLICE_S)))
        now_s = asyncio.get_running_loop().time()
        self._free_at_s = max(self._free_at_s, now_s) + part_bytes / rate
        await asyncio.sleep(self._free_at_s - now_s)
        return part_bytes


class _Pump:
    """Carries one connection's bytes one way, through a lane."""

    def __init__(
        self, lane: Lane, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._lane = lane
        self._reader = reader
        self._writer = writer
        self._held: deque[tuple[float, bytes]] = deque()  # when it may leave; b"" is the end
        self._held_bytes = 0
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Returns when all was passed on. Raises OSError when a side broke the connection."""
        taking = asyncio.create_task(self._take())
        try:
            await self._give()
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await taking

    async def _take(self) -> None:
        now_s = asyncio.get_running_loop().time
        chunk = b"?"
        while chunk:
            try:
                chunk = await self._reader.read(CHUNK_BYTES)
            except OSError:
                chunk = b""
            self._held.append((self._lane.due_s(now_s()), chunk))
            self._held_bytes += len(chunk)
            self._wake()
            while self._held_bytes > HELD_BYTES_MAX:
                await self._moved.wait()

    async def _give(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._held:
                await self._moved.wait()
            due_s, chunk = self._held.popleft()
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            if not chunk:
                await self._lane.pass_on(0)
                self._writer.write_eof()
                return
            left = memoryview(chunk)
            while left:
                part_bytes = await self._lane.pass_on(len(left))
                self._writer.write(left[:part_bytes])
                await self._writer.drain()
                left = left[part_bytes:]
            self._held_bytes -= len(chunk)
            self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


class Relay:
    """Stands in for one port of a server."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._lanes: dict[Way, Lane] = {"there": Lane(), "back": Lane()}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    async def open(self) -> None:
        """Raises OSError when no port is free."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def set(self, way: Way, condition: Condition) -> None:
        self._lanes[way].set(condition)

    def hindered(self, way: Way) -> int:
        """How often a condition has kept something back so far."""
        return self._lanes[way].hindered

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        writers = [writer]
        is_whole = False
        try:
            await self._lanes["there"].pass_on(0)
            server_reader, server_writer = await asyncio.open_connection(*self._upstream)
            writers.append(server_writer)
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(_Pump(self._lanes["there"], reader, server_writer).run())
                pumps.create_task(_Pump(self._lanes["back"], server_reader, writer).run())
            is_whole = True
        except* OSError:
            pass  # one side is gone; the other is told below
        except* asyncio.CancelledError:
            pass  # the run is over
        finally:
            for each in writers:
                if is_whole:
                    each.close()  # once all was sent
                else:
                    _reset(each)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as one ends whose peer has died."""
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):  # it may be closed already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Relays:
    """The thread in which all relays of a run live."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._relays: list[Relay] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="relays", daemon=True)
        self._thread.start()

    def open(self, host: str, port: int) -> Relay:
        """A relay to an address. Raises OSError."""
        relay = Relay(host, port)
        self._call(relay.open())
        self._relays.append(relay)
        return relay

    def set(self, relay: Relay, way: Way, condition: Condition) -> None:
        self._loop.call_soon_threadsafe(relay.set, way, condition)

    def close(self) -> None:
        for relay in self._relays:
            self._call(relay.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(10.0)
