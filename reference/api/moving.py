"""The way of a message in a pool that changes under load.

    group -> moves.next: Go --------------------------------------------> its queue
                         Fenced --wait---------------------------+
                         Drain --ledger: has the marker left?----+--> again, for a while
                               --no: send it to the old queue----+

A message of a group that moves waits here for a moment, and then its sender is told to come again:
nothing is stored out of turn, and nothing is lost. `reference/queues/moves.py` says why this is
safe.

Deduplication moves along. What the old queue had of a group was received before its marker, so the
delivery ledger knows it. For as long as the old queue would have absorbed a repeat, an email that
the ledger knows counts as sent: SQS would have answered so, too.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import structlog

from reference.api.routing import Way
from reference.clock import Clock
from reference.domain import GroupMarker
from reference.errors import LedgerError, QueueError
from reference.queues.epochs import Marker
from reference.queues.moves import Drain, Fenced, Go, Moves
from reference.queues.pool_file import PoolFile
from reference.sqs_client import QueueWriter
from reference.worker.ledger.port import Known, LedgerReader

DEDUP_S = 300.0  # SQS's interval
HOLD_S = 2.0  # below what senders wait for an answer
HELD_MAX = 256  # requests; who finds more waiting is told at once to come again
ASK_EVERY_S = 0.05
_THREADS = 4

RunBlocking = Callable[..., Awaitable[Any]]


class MovingRoute:
    """To the queue that has the group by the pool file, once it may go there."""

    def __init__(
        self,
        file: PoolFile,
        connect: Callable[[str], QueueWriter],
        ledger: LedgerReader,
        clock: Clock,
        *,
        fence_s: float,
        call_s: float,
        run_blocking: RunBlocking = anyio.to_thread.run_sync,
    ) -> None:
        """`connect` makes a writer of a URL; a call of it lasts `call_s` at most."""
        self._file = file
        self._connect = connect
        self._ledger = ledger
        self._clock = clock
        self._run_blocking = run_blocking
        self._threads = anyio.CapacityLimiter(_THREADS)
        # Others go on when the fence is over: by then the last call by what was read must be, too.
        self._unread_max_s = fence_s - call_s
        self._moves = Moves(file.epoch(), clock, fence_s=fence_s)
        self._ready_from_s = self._moves.fenced_until_s
        self._queues: dict[str, QueueWriter] = {}
        self._turns: dict[str, anyio.Lock] = {}  # of groups that wait
        self._held = 0
        self._marked_s: dict[str, float] = {}  # when markers were sent
        self._log = structlog.get_logger()

    @property
    def queue_count(self) -> int:
        return len(self._moves.epoch.pool.urls)

    async def way_of(self, *, group: str, email_id: str) -> Way | None:
        """Raises QueueError while the group moves, when that takes too long."""
        self._follow()
        if not isinstance(self._moves.next(group), Go):
            await self._wait_for(group)
        go = self._moves.next(group)
        if not isinstance(go, Go):  # the pool has changed once more
            raise _moving()
        epoch = self._moves.epoch
        if self._may_be_a_repeat() and epoch.markers(group) and await self._is_known(email_id):
            return None
        return Way(self._queue(go.url), partial(self._is_open, epoch.number, group, go.url))

    def check(self) -> None:
        """A new replica is not ready while it is fenced: others can serve the groups that move."""
        if self._clock.now_s() < self._ready_from_s:
            raise _moving()
        epoch = self._file.epoch()
        if self._is_blind():
            raise QueueError("PoolFileUnread", is_definite=True, is_transient=False)
        for url in epoch.pool.urls:
            self._queue(url).check()

    def _follow(self) -> None:
        epoch = self._file.epoch()
        if epoch.number > self._moves.epoch.number:
            self._moves.adopt(epoch)
            self._marked_s.clear()

    def _is_open(self, number: int, group: str, url: str) -> bool:
        """Whether what was found in an epoch still holds; in whatever thread, before a call."""
        epoch = self._file.epoch()
        if self._is_blind():
            return False
        if epoch.number == number:
            return True
        return epoch.pool.owner(group) == url and not epoch.markers(group)

    def _is_blind(self) -> bool:
        """Whether the file is unreadable for so long that any group may have moved."""
        return self._file.unread_s() > self._unread_max_s

    def _may_be_a_repeat(self) -> bool:
        return self._clock.now_s() < self._moves.fenced_until_s + DEDUP_S

    async def _wait_for(self, group: str) -> None:
        """Until the group may go. Those who wait for one group go on in the order they came."""
        if self._held >= HELD_MAX:
            raise _moving()
        turn = self._turns.setdefault(group, anyio.Lock())
        self._held += 1
        try:
            with anyio.fail_after(HOLD_S):
                async with turn:
                    while not isinstance(step := self._moves.next(group), Go):
                        await self._take(step)
                        self._follow()
        except TimeoutError:
            raise _moving() from None
        finally:
            self._held -= 1
            if not turn.statistics().tasks_waiting and not turn.locked():
                self._turns.pop(group, None)

    async def _take(self, step: Fenced | Drain) -> None:
        if isinstance(step, Fenced):
            await anyio.sleep(max(0.0, step.until_s - self._clock.now_s()))
        elif await self._is_known(step.marker.marker_id):
            self._moves.gone(step.marker)
        else:
            await self._mark(step.marker)
            await anyio.sleep(ASK_EVERY_S)

    async def _mark(self, marker: Marker) -> None:
        sent_s = self._marked_s.get(marker.marker_id)
        if sent_s is not None and self._clock.now_s() - sent_s < DEDUP_S:
            return
        body = GroupMarker(marker_id=marker.marker_id).to_body()
        call = partial(
            self._queue(marker.url).send,
            body=body,
            group=marker.group,
            dedup_id=marker.marker_id,
        )
        try:
            await self._run_blocking(call, limiter=self._threads)
        except QueueError as error:
            self._log.warning("marker not sent", code=error.code, marker_id=marker.marker_id)
        else:
            self._marked_s[marker.marker_id] = self._clock.now_s()

    async def _is_known(self, email_id: str) -> bool:
        """Raises QueueError while the ledger cannot tell."""
        try:
            known = await self._run_blocking(
                partial(self._ledger.known, email_id), limiter=self._threads
            )
        except LedgerError as error:
            raise QueueError(error.code, is_definite=True, is_transient=True) from error
        return known is not Known.NEW

    def _queue(self, url: str) -> QueueWriter:
        if url not in self._queues:
            self._queues[url] = self._connect(url)
        return self._queues[url]


def _moving() -> QueueError:
    return QueueError("GroupMoving", is_definite=True, is_transient=False)
