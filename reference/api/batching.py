"""Micro-batching: what concurrent requests send to one queue shares a SendMessageBatch.

    send -> its group's line -> free lines, in turn -> batch -> call -> to each its own outcome

A quota counts calls, not messages, so batches of ten carry ten times the emails. The first message
waits up to the linger time for others; a batch that is full goes at once, and while all calls that
may be made at a time are under way, what comes gathers.

Of a FIFO queue's group only one batch is under way at a time, so what arrived first is stored
first: a later batch on another connection could overtake. That also puts messages of one group
into one call, as AWS advises (DG troubleshooting-fifo-throttling-issues.html).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import anyio

from reference.errors import QueueError
from reference.sqs_client import SEND_BATCH_BYTES_MAX, Outgoing

LINE_FULL = "LineFull"


class Item(NamedTuple):
    """A message, and whether it may still go to the queue for which it waits."""

    message: Outgoing
    is_open: Callable[[], bool]


# Makes one call; the failures by position. Raises QueueError when the call as a whole failed.
SendBatch = Callable[[Sequence[Item]], Awaitable[dict[int, QueueError]]]


@dataclass(eq=False)
class _Entry:
    item: Item
    size_bytes: int
    done: "asyncio.Future[QueueError | None]"  # of what came of it
    give_up: asyncio.TimerHandle


@dataclass(eq=False)
class _Line:
    """Messages that wait for each other."""

    key: Hashable
    waiting: deque[_Entry] = field(default_factory=deque)
    is_busy: bool = False  # a call with some of them is under way


class Batcher:
    """Sends to one queue, for all requests of a process; in one event loop."""

    def __init__(
        self,
        call: SendBatch,
        *,
        places: anyio.Semaphore,
        batch_max: int,
        linger_s: float,
        calls_max: int,
        waiting_max: int,
        keeps_order: bool,
    ) -> None:
        """With `waiting_max` waiting, no more are taken; a call has one of the `places`."""
        self._call = call
        self._places = places
        self._batch_max = batch_max
        self._linger_s = linger_s
        self._calls_max = calls_max
        self._waiting_max = waiting_max
        self._keeps_order = keeps_order
        self._lines: dict[Hashable, _Line] = {}
        self._free: deque[_Line] = deque()  # those that wait and are not busy, in turn
        self._waiting = 0  # messages in all lines
        self._ready = 0  # messages in free lines
        self._is_due = False  # they have lingered long enough
        self._linger: asyncio.TimerHandle | None = None
        self._calls: set[asyncio.Task[None]] = set()

    @property
    def is_full(self) -> bool:
        """Whether a message would be refused at once."""
        return self._waiting >= self._waiting_max

    async def send(self, item: Item, *, wait_max_s: float) -> None:
        """Return once SQS has confirmed this message. Raises QueueError.

        If no call with it has begun within `wait_max_s`, it is given up, certainly not sent.
        """
        if self.is_full:
            raise line_full()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[QueueError | None] = loop.create_future()
        give_up = loop.call_later(wait_max_s, _give_up, done)
        self._join(_Entry(item, len(item.message.body.encode()), done, give_up))
        try:
            error = await done
        finally:
            give_up.cancel()
        if error is not None:
            raise error

    def _join(self, entry: _Entry) -> None:
        key = entry.item.message.group if self._keeps_order else entry
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(key)
            self._free.append(line)
        line.waiting.append(entry)
        self._waiting += 1
        if not line.is_busy:
            self._ready += 1
            self._start_calls()

    def _start_calls(self) -> None:
        while len(self._calls) < self._calls_max and (
            self._ready >= self._batch_max or (self._ready and self._is_due)
        ):
            lines, batch = self._take()
            if batch:
                call = asyncio.get_running_loop().create_task(self._run(lines, batch))
                self._calls.add(call)
                call.add_done_callback(self._end_call)
        if not self._ready:
            self._is_due = False
        elif not self._is_due and self._linger is None:
            self._linger = asyncio.get_running_loop().call_later(self._linger_s, self._fall_due)

    def _end_call(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._start_calls()

    def _fall_due(self) -> None:
        self._linger = None
        self._is_due = True
        self._start_calls()

    def _take(self) -> tuple[list[_Line], list[_Entry]]:
        """The next batch, and the lines that are busy with it."""
        batch: list[_Entry] = []
        lines: list[_Line] = []
        size_bytes, is_full = 0, False
        while self._free and not is_full:
            line, count = self._free[0], len(batch)
            while line.waiting and not is_full:
                entry = line.waiting[0]
                is_full = bool(batch) and size_bytes + entry.size_bytes > SEND_BATCH_BYTES_MAX
                if is_full:
                    break
                line.waiting.popleft()
                self._waiting -= 1
                self._ready -= 1
                if entry.done.done():  # nobody waits for it any more
                    continue
                batch.append(entry)
                size_bytes += entry.size_bytes
                is_full = len(batch) == self._batch_max
            if len(batch) > count:
                line.is_busy = True
                self._ready -= len(line.waiting)
                lines.append(line)
            elif line.waiting:
                break  # its first message is too large for this batch
            else:
                del self._lines[line.key]
            self._free.popleft()
        return lines, batch

    async def _run(self, lines: list[_Line], batch: list[_Entry]) -> None:
        outcomes: dict[int, QueueError] | BaseException
        try:
            async with self._places:  # other queues' calls may have them all, for long
                batch = [entry for entry in batch if not entry.done.done()]
                for entry in batch:
                    entry.give_up.cancel()
                outcomes = await self._outcomes([entry.item for entry in batch]) if batch else {}
        except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
            outcomes = error
        for position, entry in enumerate(batch):
            if entry.done.done():  # its request is gone
                continue
            if isinstance(outcomes, BaseException):
                entry.done.set_exception(outcomes)
            else:
                entry.done.set_result(outcomes.get(position))
        for line in lines:
            line.is_busy = False
            if line.waiting:
                self._free.append(line)
                self._ready += len(line.waiting)
                self._is_due = True  # they have lingered while the call was under way
            else:
                del self._lines[line.key]

    async def _outcomes(self, items: list[Item]) -> dict[int, QueueError]:
        """The failures by position."""
        try:
            return await self._call(items)
        except QueueError as error:
            if len(items) == 1 or not error.is_definite or error.is_transient:
                return dict.fromkeys(range(len(items)), error)
        # Refused for good, as a whole: the fault may be one message's, so each is sent alone.
        failures: dict[int, QueueError] = {}
        for position, item in enumerate(items):
            try:
                failures.update((position, each) for each in (await self._call([item])).values())
            except QueueError as error:
                failures[position] = error
        return failures


def line_full() -> QueueError:
    """More wait than may."""
    return QueueError(LINE_FULL, is_definite=True, is_transient=False)


def _give_up(done: "asyncio.Future[QueueError | None]") -> None:
    if not done.done():
        done.set_result(QueueError("NoFreeThread", is_definite=True, is_transient=False))
