"""`--data DIR`: queues that survive a restart or a kill.

Every change is a line appended to DIR/log. Calls that come together share one write and one sync
of the disk (group commit), and a call is answered only after the line of its change is on disk:
what was confirmed is never lost. Opening reads the log, repairs a torn tail, and starts a
new log with what is left; so does a log that has grown to four times its size at its start.
Counters, quotas, faults and move tasks begin anew.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from reference.clock import Clock
from reference.cloud.sqs.attributes import QueueAttributes
from reference.cloud.sqs.dedup import dedup_key
from reference.cloud.sqs.engine import RECEIPT_KEY_BYTES, Engine
from reference.cloud.sqs.message import Message
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.records import (
    Record,
    TornRecordError,
    WallTime,
    decode,
    encode,
    first_send_of,
    first_send_record,
    flight_record,
    message_of,
    message_record,
    queue_record,
)
from reference.cloud.sqs.witness import Witness

_VERSION = 1
_RENEW_BYTES_MIN = 64 * 1024 * 1024
_RENEW_GROWTH = 4
_ARRIVES_ELSEWHERE = {"parked", "moved"}


class DataError(Exception):
    """The data directory cannot be used; the message says why."""


class Recovered(NamedTuple):
    """What opening a log found."""

    queues: int
    messages: int
    torn_bytes: int


class _Contents:
    """The state that a log's records add up to."""

    def __init__(self) -> None:
        self.receipt_key = os.urandom(RECEIPT_KEY_BYTES)
        self.queues: dict[str, Record] = {}
        self.messages: dict[str, dict[int, Record]] = {}
        self.first_sends: dict[str, list[Record]] = {}
        self.last_order = 0
        self.torn_bytes = 0
        self._apply: dict[str, Callable[[Record], None]] = {
            "start": self._start,
            "queue": self._queue,
            "removed": self._removed,
            "message": self._message,
            "flight": self._flight,
            "left": self._left,
            "id": self._id,
            "forgot": lambda record: self.first_sends[record["q"]].clear(),
        }

    def read(self, path: Path) -> None:
        """Raises DataError when something else than the tail is damaged."""
        size = path.stat().st_size
        offset = 0
        with path.open("rb") as log:
            for number, line in enumerate(log, start=1):
                try:
                    record = decode(line)
                    self._apply[record["e"]](record)
                except (TornRecordError, KeyError, TypeError) as error:
                    # Only the last write can be torn. Records after damage mean a damaged disk.
                    if any(_is_whole(later) for later in log):
                        raise DataError(
                            f"{path}:{number}: damaged in the middle; restore it from a copy or "
                            "move it away to start empty"
                        ) from error
                    self.torn_bytes = size - offset
                    return
                offset += len(line)

    def _start(self, record: Record) -> None:
        self.receipt_key = bytes.fromhex(record["key"])
        self.last_order = record["last_order"]

    def _queue(self, record: Record) -> None:
        self.queues[record["q"]] = record
        self.messages.setdefault(record["q"], {})
        self.first_sends.setdefault(record["q"], [])

    def _removed(self, record: Record) -> None:
        del self.queues[record["q"]], self.messages[record["q"]], self.first_sends[record["q"]]

    def _message(self, record: Record) -> None:
        self.messages[record["q"]][record["order"]] = record
        self.last_order = max(self.last_order, record["order"])
        if departed := record.pop("from", None):
            name, order = departed
            del self.messages[name][order]
        if (key := record.pop("key", None)) is not None:
            # No more than needed: the record would keep the body for five minutes.
            first = {"id": record["id"], "order": record["order"], "sent_s": record["enqueued_s"]}
            self.first_sends[record["q"]].append({**first, "key": key})

    def _flight(self, record: Record) -> None:
        self.messages[record["q"]][record["order"]].update({**record, "e": "message"})

    def _left(self, record: Record) -> None:
        del self.messages[record["q"]][record["order"]]

    def _id(self, record: Record) -> None:
        self.first_sends[record["q"]].append(record)


def _is_whole(line: bytes) -> bool:
    try:
        decode(line)
    except TornRecordError:
        return False
    return True


class DataLog(Witness):
    """The open log. Told of every change; `commit` waits until all of them are on disk."""

    def __init__(
        self, folder: Path, clock: Clock, *, renew_bytes_min: int = _RENEW_BYTES_MIN
    ) -> None:
        """Take the folder for this process and read what it holds.

        Raises DataError when another process has it, or when it cannot be read or written.
        """
        self._path = folder / "log"
        self._wall = WallTime(clock)
        self._contents = _Contents()
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
        self._fd = -1
        self._size_bytes = 0
        self._renew_bytes_min = renew_bytes_min
        self._renew_at_bytes = renew_bytes_min
        self._departed: tuple[str, int] | None = None
        self._pending: list[bytes] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._is_writing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="data-log")

    def restore(self, engine: Engine) -> Recovered:
        """Give the engine what the log holds, then begin a new log with just that.

        Raises DataError when the new log cannot be written.
        """
        contents, wall = self._contents, self._wall
        engine.resume_after(contents.last_order)
        for name, record in contents.queues.items():
            attributes = QueueAttributes.restored(record["attributes"])
            queue = engine.restore_queue(name, attributes, record["tags"])
            queue.created_s, queue.modified_s = record["created_s"], record["modified_s"]
            for first in contents.first_sends[name]:
                queue.dedup.restore(*first_send_of(first, wall))
            for order in sorted(contents.messages[name]):
                queue.restore(message_of(contents.messages[name][order], wall))
        found = Recovered(
            len(contents.queues), sum(map(len, contents.messages.values())), contents.torn_bytes
        )
        self._contents = _Contents()
        self._engine = engine
        try:
            self._begin_anew(engine)
        except OSError as error:
            raise DataError(f"{self._path}: {error.strerror}") from error
        return found

    def _begin_anew(self, engine: Engine) -> None:
        draft = self._path.with_suffix(".draft")
        with draft.open("wb") as log:
            start = {"version": _VERSION, "key": self.receipt_key.hex()}
            log.write(encode({"e": "start", **start, "last_order": engine.last_order}))
            for queue in engine:
                log.write(encode(queue_record(queue)))
                for key, first in queue.dedup.first_sends():
                    log.write(encode(first_send_record(queue, key, first, self._wall)))
                for message in queue.messages():
                    log.write(encode(message_record(queue, message, self._wall)))
            log.flush()
            os.fsync(log.fileno())
            size_bytes = log.tell()
        draft.replace(self._path)
        if self._fd >= 0:
            os.close(self._fd)
        self._size_bytes = size_bytes
        self._renew_at_bytes = max(self._renew_bytes_min, _RENEW_GROWTH * size_bytes)
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(folder)  # the new name, too, must survive
        os.close(folder)
        self._pending.clear()  # the new log holds what these would have added up to

    # What the queues tell

    def configured(self, queue: Queue) -> None:
        self._append(queue_record(queue))

    def removed(self, queue: Queue) -> None:
        self._append({"e": "removed", "q": queue.name})

    def forgot_ids(self, queue: Queue) -> None:
        self._append({"e": "forgot", "q": queue.name})

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
        else:
            self._append({"e": "left", "q": queue.name, "order": message.order})

    def _append(self, record: Record) -> None:
        self._pending.append(encode(record))

    # Onto the disk

    async def commit(self) -> None:
        """Return once everything told so far is on disk. Raises OSError when it cannot be."""
        if not self._pending and not self._is_writing:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if not self._is_writing:
            self._start_writing()
        await future

    def _start_writing(self) -> None:
        if self._size_bytes > self._renew_at_bytes and self._engine is not None:
            try:
                self._begin_anew(self._engine)
            except OSError:
                # No room for a second log: go on with the first and try again much later.
                self._renew_at_bytes *= _RENEW_GROWTH
        batch, self._pending = b"".join(self._pending), []
        waiting, self._waiting = self._waiting, []
        self._is_writing = True
        writing = asyncio.get_running_loop().run_in_executor(self._thread, self._write, batch)
        writing.add_done_callback(partial(self._written, waiting))

    def _write(self, batch: bytes) -> None:
        try:
            written = 0
            while written < len(batch):
                written += os.write(self._fd, batch[written:])
            os.fdatasync(self._fd)
        except OSError:
            # A half-written record must not stand before later ones.
            os.ftruncate(self._fd, self._size_bytes)
            raise
        self._size_bytes += len(batch)

    def _written(self, waiting: list[asyncio.Future[None]], writing: asyncio.Future[None]) -> None:
        self._is_writing = False
        error = writing.exception()
        for future in waiting:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
        if self._waiting:
            self._start_writing()

    def close(self) -> None:
        """Write what is left and give the folder free. Raises OSError."""
        self._thread.shutdown()
        self._write(b"".join(self._pending))
        os.close(self._fd)
        os.close(self._lock)
