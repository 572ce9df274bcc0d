"""One client's connection: whole requests to the handler, its replies back, in order.

    transport -> RequestReader -> whole requests -> handler -> reply -> one write
                                     ^ held back while one is answered or the client does not read

Why not under an ASGI server: it took a larger share of a call than SQS itself, and ASGI can
neither abort a connection, which is what some faults are for, nor bound what a client may take:
here a minute for a request to arrive, and a minute for an answer to be read.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from reference.cloud.sqs.exchange import Cut, Handler, Reply, Request
from reference.cloud.sqs.reading import RequestReader

# For the largest request, 8 MiB, to arrive; and for an answer to be read.
REQUEST_S_MAX = 60.0
# SDK clients keep idle connections in their pools for about a minute.
KEEP_ALIVE_S = 75.0
# How long what a refused client still sends is thrown away, so that it comes to read why.
LINGER_S = 2.0
_SLOW_PIECES = 20  # a slow body arrives in so many pieces

_NEVER = float("inf")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


class HttpConnection(asyncio.Protocol):
    """Serves a client from its connection to its end. `connections` holds those that are open."""

    def __init__(
        self,
        handler: Handler,
        loop: asyncio.AbstractEventLoop,
        connections: "set[HttpConnection]",
    ) -> None:
        self._handler = handler
        self._loop = loop
        self._connections = connections
        self._reader = RequestReader(self, handler.body_bytes_max)
        self.is_lost = False
        self._on_lost: Callable[[], None] | None = None
        self._is_gone = False  # nothing can be written any more
        self._task: asyncio.Task[None] | None = None  # answers the request under way
        self._is_busy = False
        self._is_silent = False
        self._is_clogged = False  # the client does not read
        self._is_paused = False  # we do not read
        self._is_draining = False
        self._is_closing = False
        self._trickle_s = 0.0
        self._deadline_s = self._timer_s = _NEVER
        self._timer: asyncio.TimerHandle | None = None

    # What a handler may do

    def abort(self) -> None:
        self._transport.abort()

    @property
    def local_address(self) -> str:
        host, port = self._transport.get_extra_info("sockname")[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def when_lost(self, run: Callable[[], None] | None) -> None:
        if run is not None and self.is_lost:
            run()
        else:
            self._on_lost = run

    def trickle(self, seconds: float) -> None:
        self._trickle_s = seconds

    # What a server may do

    def drain(self) -> None:
        """End once the request under way is answered."""
        self._is_draining = True
        if self._is_silent:
            self.abort()
        elif not self._is_busy:
            self._close()

    def give_up(self) -> None:
        """End now, answered or not."""
        if self._task is not None:
            self._task.cancel()
        self.abort()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._connections.add(self)
        self._wait_at_most(REQUEST_S_MAX)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader.is_over:
            return
        begun = reader.begun
        reader.feed(data)
        if self._is_busy:
            self._hold_back()
        elif reader.whole or reader.is_over or reader.expects_continue or begun != reader.begun:
            self._serve()

    def eof_received(self) -> bool:
        """The client sends no more: it may have left, or wait for its answers.

        Returns whether the connection stays open for them.
        """
        self._lose()
        if self._is_silent or self._is_closing:
            return False
        return self._is_busy or bool(self._reader.whole)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._is_gone = self._is_closing = True
        self._lose()
        self._reader.end()
        self._deadline_s = _NEVER
        if self._timer is not None:
            self._timer.cancel()
        self._connections.discard(self)

    def _lose(self) -> None:
        self.is_lost = True
        run, self._on_lost = self._on_lost, None
        if run is not None:
            run()

    def pause_writing(self) -> None:
        self._is_clogged = True
        self._wait_at_most(REQUEST_S_MAX)

    def resume_writing(self) -> None:
        self._is_clogged = False
        if self._is_busy:
            self._deadline_s = _NEVER
        else:
            self._serve()

    # Answers

    def _serve(self) -> None:
        """Answer what is whole, until an answer takes a while or the client does not read."""
        whole = self._reader.whole
        while whole and not (self._is_busy or self._is_clogged or self._is_closing):
            request = whole.popleft()
            try:
                answer = self._handler.respond(request)
            except Cut as cut:
                self._cut(cut)
                return
            if isinstance(answer, Reply):
                self._write(request, answer)
            else:
                self._is_busy = True
                self._task = self._loop.create_task(self._answer_later(request, answer))
        self._rest()

    async def _answer_later(self, request: Request, answer: Awaitable[Reply]) -> None:
        try:
            reply = await answer
            if self._trickle_s:
                await self._write_slowly(request, reply)
            else:
                self._write(request, reply)
        except Cut as cut:
            self._cut(cut)
            return
        self._is_busy = False
        self._serve()

    def _rest(self) -> None:
        """Nothing can be answered now: say how long that may last."""
        reader = self._reader
        if reader.whole or self._is_paused:
            self._hold_back()
        if self._is_closing or self._is_clogged:
            return
        if self._is_busy:
            self._deadline_s = _NEVER
        elif reader.refusal:
            self._transport.write(reader.refusal)
            self._linger()
        elif self.is_lost:
            self._close()
        elif reader.is_partial:
            if reader.expects_continue:
                reader.expects_continue = False
                self._transport.write(_CONTINUE)
            self._wait_at_most(REQUEST_S_MAX)
        else:
            self._wait_at_most(KEEP_ALIVE_S)

    def _hold_back(self) -> None:
        """Do not read from a client whose requests wait; but do notice when another one leaves."""
        has_waiting = bool(self._reader.whole)
        if has_waiting != self._is_paused and not self._is_closing:
            self._is_paused = has_waiting
            if has_waiting:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _write(self, request: Request, reply: Reply) -> None:
        """One write; and the end of the connection, if it was the last."""
        if self._is_gone:
            return
        is_last = request.is_last or self._is_draining
        body = b"" if request.method == b"HEAD" else reply.body
        self._transport.write(_answer(reply, body, is_last=is_last))
        if is_last:
            self._end_after(request)

    async def _write_slowly(self, request: Request, reply: Reply) -> None:
        seconds, self._trickle_s = self._trickle_s, 0.0
        body = b"" if request.method == b"HEAD" else reply.body
        size = max(1, len(body) // _SLOW_PIECES)
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        if not self._is_gone:
            is_last = request.is_last or self._is_draining
            self._transport.write(_answer(reply, b"", is_last=is_last))
        for piece in pieces:
            if self._is_gone:
                return
            self._transport.write(piece)
            if piece is not pieces[-1]:
                await asyncio.sleep(seconds / _SLOW_PIECES)
        if request.is_last or self._is_draining:
            self._end_after(request)

    def _end_after(self, request: Request) -> None:
        if request.is_whole:
            self._close()
        else:
            self._linger()

    # Ends

    def _cut(self, cut: Cut) -> None:
        if cut.is_silent and not self.is_lost and not self._is_draining:
            self._is_silent = self._is_busy = self._reader.is_over = True
            self._reader.whole.clear()
            self._rest()
        else:
            self._is_closing = True
            self.abort()

    def _close(self) -> None:
        """No more is read; what was written goes out first."""
        self._is_closing = self._reader.is_over = True
        self._wait_at_most(REQUEST_S_MAX)
        self._transport.close()

    def _linger(self) -> None:
        """As `_close`, but a client that still sends shall not meet a reset before it has read."""
        self._is_closing = self._reader.is_over = True
        self._wait_at_most(LINGER_S)
        if self.is_lost:
            self._transport.close()
        else:
            self._transport.write_eof()

    # Time

    def _wait_at_most(self, seconds: float) -> None:
        """Abort after that time, unless another time is set before.

        A timer a request would cost more than the request, so there is one that moves on.
        """
        self._deadline_s = self._loop.time() + seconds
        if self._deadline_s < self._timer_s:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_s = self._deadline_s
        self._timer = self._loop.call_at(self._deadline_s, self._look_at_time)

    def _look_at_time(self) -> None:
        self._timer_s = _NEVER
        if self._loop.time() >= self._deadline_s:
            self.abort()
        elif self._deadline_s != _NEVER:
            self._set_timer()


def _answer(reply: Reply, body: bytes, *, is_last: bool) -> bytes:
    """The whole head, and as much of the reply's body as is to follow it at once."""
    return b"%b%bcontent-length: %d\r\n%b\r\n%b" % (
        _STATUS_LINES.get(reply.status) or b"HTTP/1.1 %d \r\n" % reply.status,
        reply.head,
        len(reply.body),
        b"connection: close\r\n" if is_last else b"",
        body,
    )
