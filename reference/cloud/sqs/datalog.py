"""`--data DIR`: queues that survive a restart or a kill.

Every change is a line appended to DIR/log. Calls that come together share one write and one sync
of the disk (group commit), and a call is answered only after the line of its change is on disk:
what was confirmed is never lost. What could not be written stays first in line, and until it is
on disk no call at all is confirmed, as any may rest on it.

Opening reads the log, repairs a torn tail, and begins a new log with what is left. A log that has
grown to four times its size at its start is begun anew too, slice by slice beside the running
server:

    old log:  ... | from here on: what happens meanwhile -----------+
    draft:    what is there, in slices | overlap | the same bytes <-+ | whole | -> is the log now

Counters, quotas, faults and move tasks begin anew at a restart.
"""

import asyncio
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from reference.clock import Clock
from reference.cloud.sqs.attempts import Attempt
from reference.cloud.sqs.attributes import QueueAttributes
from reference.cloud.sqs.contents import Contents, DataError, Recovered
from reference.cloud.sqs.dedup import dedup_key
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.logfile import LogFile
from reference.cloud.sqs.message import Message
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.records import (
    Record,
    WallTime,
    attempt_of,
    attempt_record,
    encode,
    first_send_of,
    flight_record,
    message_of,
    message_record,
    queue_record,
)
from reference.cloud.sqs.snapshot import snapshot
from reference.cloud.sqs.witness import Witness

_T = TypeVar("_T")
_Settle = Callable[[BaseException | None], None]  # told the error, or None
_RENEW_BYTES_MIN = 64 * 1024 * 1024
_RENEW_GROWTH = 4
_SLICE_BYTES = 64 * 1024  # of a snapshot at a time: a millisecond or two
_UNSYNCED_BYTES_MAX = 4 * 1024 * 1024  # of a draft: its last sync must not keep calls waiting
_GATHERED_MAX = 256  # calls: more than that gain little by sharing a write
_GATHER_S_MAX = 0.005  # who was answered and means to ask again does so by then
_ARRIVES_ELSEWHERE = {"parked", "moved"}


class DataLog(Witness):
    """The open log. Told of every change; `commit` waits until all of them are on disk."""

    def __init__(
        self, folder: Path, clock: Clock, *, renew_bytes_min: int = _RENEW_BYTES_MIN
    ) -> None:
        """Take the folder for this process and read what it holds.

        Raises DataError when another process has it, or when it cannot be read or written.
        """
        self._path = folder / "log"
        self._clock = clock
        self._wall = WallTime(clock)
        self._contents = Contents()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._path.exists():
                self._contents.read(self._path)
        except DataError:
            os.close(self._lock)
            raise
        except BlockingIOError as error:
            os.close(self._lock)
            raise DataError(f"{folder}: another server uses it; stop that one first") from error
        except OSError as error:
            raise DataError(f"{folder}: {error.strerror}") from error
        self.receipt_key = self._contents.receipt_key
        self._engine: Engine | None = None
        self._file: LogFile | None = None
        self._draft: LogFile | None = None  # is to take the file's place; the thread's alone
        self._rewriting: asyncio.Task[None] | None = None
        self._renew_bytes_min = renew_bytes_min
        self._renew_at_bytes = renew_bytes_min
        self._departed: tuple[str, int] | None = None
        self._pending: list[bytes] = []
        self._waiting: list[_Settle] = []
        self._is_writing = False  # or about to
        self._began_s = 0.0
        self._soon: asyncio.Handle | None = None  # when it is about to
        self._enough = 0  # calls end a wait for more of them; 0: there is none
        self.is_behind = False  # the last write failed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="data-log")

    def restore(self, engine: Engine) -> Recovered:
        """Give the engine what the log holds, then begin a new log with just that.

        Raises DataError when the new log cannot be written.
        """
        contents, wall = self._contents, self._wall
        engine.resume_after(contents.last_order)
        for name, deleted_s in contents.deleted_s.items():
            engine.restore_deletion(name, wall.past(deleted_s))
        for name, record in contents.queues.items():
            attributes = QueueAttributes.restored(record["attributes"])
            queue = engine.restore_queue(name, attributes, record["tags"])
            queue.created_s, queue.modified_s = record["created_s"], record["modified_s"]
            if (purged_s := record.get("purged_s")) is not None:
                queue.purged_s = wall.past(purged_s)
            for first in contents.first_sends[name]:
                queue.dedup.restore(*first_send_of(first, wall))
            for attempt in contents.attempts[name]:
                queue.attempts.restore(*attempt_of(attempt, wall))
            for order in sorted(contents.messages[name]):
                queue.lives.restore(message_of(contents.messages[name][order], wall))
        for (name, _), order in contents.last_set.items():
            if (known := engine.find(name)) is not None:
                known.lives.restore_last_set(order)
        found = contents.found()
        self._contents = Contents()
        self._engine = engine
        try:
            draft = LogFile(self._draft_path)
            records = snapshot(engine, self.receipt_key, wall)
            while lines := _next_slice(records):
                draft.append(lines)
            draft.take_name(self._path)
        except OSError as error:
            raise DataError(f"{self._path}: {error.strerror}") from error
        self._go_on_in(draft)
        return found

    @property
    def _draft_path(self) -> Path:
        return self._path.with_suffix(".draft")

    def _go_on_in(self, file: LogFile) -> None:
        self._file = file
        self._renew_at_bytes = max(self._renew_bytes_min, _RENEW_GROWTH * file.size_bytes)

    # What the queues tell

    def configured(self, queue: Queue) -> None:
        self._append(queue_record(queue, self._wall))

    def removed(self, queue: Queue) -> None:
        self._append({"e": "removed", "q": queue.name, "at_s": self._wall.now_s()})

    def purged(self, queue: Queue) -> None:
        self._append({"e": "purged", "q": queue.name, "at_s": self._wall.now_s()})

    def attempted(self, queue: Queue, attempt_id: str, attempt: Attempt) -> None:
        self._append(attempt_record(queue, attempt_id, attempt, self._wall))

    def stored(self, queue: Queue, message: Message) -> None:
        record = message_record(queue, message, self._wall)
        if message.dedup_id is not None:
            scope = message.group if queue.attributes.dedup_per_group else None
            record["key"] = dedup_key(message.dedup_id, scope)
        self._append(record)

    def parked(self, queue: Queue, message: Message) -> None:
        self._append_arrival(queue, message)

    def adopted(self, queue: Queue, message: Message) -> None:
        self._append_arrival(queue, message)

    def _append_arrival(self, queue: Queue, message: Message) -> None:
        record = message_record(queue, message, self._wall)
        self._append({**record, "from": self._departed})
        self._departed = None

    def received(self, queue: Queue, message: Message) -> None:
        self._append(flight_record(queue, message, self._wall))

    def changed(self, queue: Queue, message: Message) -> None:
        self._append(flight_record(queue, message, self._wall))

    def left(self, queue: Queue, message: Message, why: str) -> None:
        if why in _ARRIVES_ELSEWHERE:
            # One record for both ends: a tail torn between two would lose the message.
            self._departed = (queue.name, message.order)
        elif why != "purged":  # the queue tells of all of them at once
            self._append({"e": "left", "q": queue.name, "order": message.order})

    def _append(self, record: Record) -> None:
        self._pending.append(encode(record))

    # Onto the disk

    async def commit(self) -> None:
        """Return once everything told so far is on disk. Raises OSError when it cannot be."""
        if not self.is_whole:
            await self.once_on_disk(None)

    @property
    def is_whole(self) -> bool:
        """Whether everything told so far is on disk."""
        return not self._pending and not self._is_writing

    def once_on_disk(self, value: _T) -> asyncio.Future[_T]:
        """Yields the value once everything told so far is on disk; OSError when it cannot be."""
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._waiting.append(partial(_settle, future, value))
        if not self._is_writing:
            self._gather()
        elif len(self._waiting) == self._enough and self._soon is not None:
            self._soon.cancel()
            self._gather()
        return future

    def _gather(self, expected: int = 0, until_s: float = 0.0) -> None:
        """Write once a turn of the loop has brought no further call, as calls come in a row.

        Fewer than `expected` calls wait for more of them until then.
        """
        self._is_writing = True
        self._enough = 0
        self._soon = asyncio.get_running_loop().call_soon(
            self._start_or_gather, len(self._waiting), expected, until_s
        )

    def _start_or_gather(self, waited: int, expected: int, until_s: float) -> None:
        waiting = min(len(self._waiting), _GATHERED_MAX)
        if waited < waiting:
            self._gather(expected, until_s)
        elif waiting < expected and (left_s := until_s - self._clock.now_s()) > 0:
            self._enough = expected
            self._soon = asyncio.get_running_loop().call_later(left_s, self._start_writing)
        else:
            self._start_writing()

    def _start_writing(self) -> None:
        assert self._file is not None, "restore comes before commit"
        self._soon = None
        self._enough = 0
        self._began_s = self._clock.now_s()
        batch, self._pending = b"".join(self._pending), []
        waiting, self._waiting = self._waiting, []
        self._is_writing = True
        is_rewriting = self._rewriting is not None and not self._rewriting.done()
        if self._file.size_bytes > self._renew_at_bytes and not is_rewriting:
            # The batch is in the snapshot; what is told from now on comes after it.
            self._start_rewriting(self._file, self._file.size_bytes + len(batch))
        writing = self._in_thread(self._write, batch)
        writing.add_done_callback(partial(self._written, waiting, batch))

    def _in_thread(self, run: Callable[..., _T], *given: object) -> asyncio.Future[_T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, run, *given)

    def _write(self, batch: bytes) -> None:
        if batch:
            assert self._file is not None, "restore comes before commit"
            self._file.append_synced(batch)

    def _written(self, waiting: list[_Settle], batch: bytes, writing: asyncio.Future[None]) -> None:
        self._is_writing = False
        error = writing.exception()
        self.is_behind = error is not None
        if error is not None:
            # Memory has moved on, so the log must follow before anything may be confirmed.
            self._pending.insert(0, batch)
        for settle in waiting:
            settle(error)
        if self._waiting:
            # Who was answered just now may ask again: half of a write's time is well spent, as
            # otherwise two halves of the clients would wait for each other's writes for good.
            now_s = self._clock.now_s()
            expected = len(waiting) + len(self._waiting)
            until_s = now_s + min((now_s - self._began_s) / 2, _GATHER_S_MAX)
            self._gather(min(expected, _GATHERED_MAX), until_s)

    # Begun anew

    def _start_rewriting(self, old: LogFile, from_bytes: int) -> None:
        assert self._engine is not None
        records = snapshot(self._engine, self.receipt_key, self._wall)
        rewriting = self._rewrite(records, old, from_bytes)
        self._rewriting = asyncio.get_running_loop().create_task(rewriting)

    async def _rewrite(self, records: Iterator[Record], old: LogFile, from_bytes: int) -> None:
        """`from_bytes`: where in the old log that begins what the snapshot does not hold."""
        now_s = asyncio.get_running_loop().time
        try:
            draft = await self._in_thread(self._begin_draft)
            started_s = now_s()
            while lines := _next_slice(records):
                spent_s = now_s() - started_s
                await self._in_thread(_append_to_draft, draft, lines)
                await asyncio.sleep(spent_s)  # no more than half of the time
                started_s = now_s()
            await self._in_thread(_append_to_draft, draft, encode({"e": "overlap"}))
            copied = _UNSYNCED_BYTES_MAX
            while copied > _SLICE_BYTES:
                copied = await self._in_thread(_copy, old, from_bytes, draft)
                from_bytes += copied
            await self._in_thread(self._switch, old, from_bytes, draft)
        except OSError:
            # No room for a second log: go on with the first.
            await self._in_thread(self._discard_draft)
            self._renew_at_bytes *= _RENEW_GROWTH

    def _begin_draft(self) -> LogFile:
        self._discard_draft()
        self._draft = LogFile(self._draft_path)
        return self._draft

    def _switch(self, old: LogFile, from_bytes: int, draft: LogFile) -> None:
        while copied := _copy(old, from_bytes, draft):
            from_bytes += copied
        draft.append(encode({"e": "whole"}))
        draft.take_name(self._path)
        self._draft = None
        self._go_on_in(draft)
        old.close()

    def _discard_draft(self) -> None:
        if self._draft is not None:
            draft, self._draft = self._draft, None
            draft.discard()

    def close(self) -> None:
        """Write what is left and give the folder free. Raises OSError."""
        if self._rewriting is not None:
            self._rewriting.cancel()
        if self._soon is not None:
            self._soon.cancel()
        # After what the thread was given before, which may be to make the draft the log.
        self._thread.submit(self._discard_draft)
        self._thread.shutdown()
        try:
            self._write(b"".join(self._pending))
        finally:
            if self._file is not None:
                self._file.close()
            os.close(self._lock)


def _settle(future: asyncio.Future[_T], value: _T, error: BaseException | None) -> None:
    if future.done():  # cancelled
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)


def _next_slice(records: Iterator[Record]) -> bytes:
    """The next records as lines; empty when there are no more."""
    lines: list[bytes] = []
    size_bytes = 0
    while size_bytes < _SLICE_BYTES and (record := next(records, None)) is not None:
        lines.append(encode(record))
        size_bytes += len(lines[-1])
    return b"".join(lines)


def _append_to_draft(draft: LogFile, lines: bytes) -> None:
    draft.append(lines)
    if draft.unsynced_bytes > _UNSYNCED_BYTES_MAX:
        draft.sync()


def _copy(old: LogFile, from_bytes: int, draft: LogFile) -> int:
    """Copy what was written meanwhile, up to a limit; returns how much that was."""
    if old.size_bytes < from_bytes:
        raise OSError(errno.EIO, "what the log is to hold could not be written")
    part = old.read(from_bytes, _UNSYNCED_BYTES_MAX)
    _append_to_draft(draft, part)
    return len(part)
