"""Deleting what was sent, in batches that form by themselves.

One thread takes the first message that waits and whatever has gathered behind it, up to ten:
nothing is delayed to fill a batch, and under load, when the queue's quota of delete calls
matters, batches are full.
"""

import queue
from dataclasses import dataclass

import structlog

from reference.clock import Clock
from reference.errors import QueueError
from reference.sqs_client import RECEIVE_MAX, QueueReader
from reference.worker.backoff import pause_s
from reference.worker.custody import Custody, GroupRun, Held
from reference.worker.record import WorkerJournal
from reference.worker.threads import MACHINE_THREADS, Event, Threads


@dataclass(eq=False)
class Deletion:
    """A message to delete. Once it is `done`, `is_deleted` tells whether that worked."""

    run: GroupRun
    held: Held
    reason: str
    done: Event
    attempts: int = 0
    is_deleted: bool = False


class Deleter:
    """Deletes messages until they are deleted or out of this process's hands."""

    def __init__(
        self,
        calls: QueueReader,
        custody: Custody,
        journal: WorkerJournal,
        clock: Clock,
        threads: Threads = MACHINE_THREADS,
    ) -> None:
        self._calls = calls
        self._custody = custody
        self._journal = journal
        self._clock = clock
        self._threads = threads
        self._waiting = threads.inbox()
        self._log = structlog.get_logger()

    def submit(self, run: GroupRun, held: Held, reason: str) -> Deletion:
        """Delete a message soon."""
        deletion = Deletion(run, held, reason, self._threads.event())
        self._waiting.put(deletion)
        return deletion

    def work(self, stop: Event) -> None:
        """Delete until told to stop; the body of a thread."""
        while not stop.is_set():
            stop.wait(self.delete_waiting(timeout_s=1.0))

    def delete_waiting(self, *, timeout_s: float) -> float:
        """Delete one batch, if anything waits; returns how long to pause, in seconds."""
        batch = self._next_batch(timeout_s)
        if not batch:
            return 0.0
        try:
            failures = self._calls.delete([entry.held.message.receipt_handle for entry in batch])
        except QueueError as error:
            failures = dict.fromkeys(range(len(batch)), error)
        longest_s = 0.0
        for position, entry in enumerate(batch):
            if position in failures:
                longest_s = max(longest_s, self._failed(entry, failures[position]))
            else:
                self._finish(entry, is_deleted=True)
        return longest_s

    def _next_batch(self, timeout_s: float) -> list[Deletion]:
        batch: list[Deletion] = []
        try:
            batch.append(self._waiting.get(timeout=timeout_s))
            while len(batch) < RECEIVE_MAX:
                batch.append(self._waiting.get_nowait())
        except queue.Empty:
            pass
        return batch

    def _failed(self, entry: Deletion, error: QueueError) -> float:
        entry.attempts += 1
        self._log.warning(
            "delete failed",
            code=error.code,
            attempt=entry.attempts,
            email_id=entry.held.email_id,
            message_id=entry.held.message.message_id,
        )
        is_lost = self._clock.now_s() >= entry.run.visible_at_s
        if is_lost or not error.is_transient:
            # It comes back; the courier's memory then deletes it without sending it again.
            self._journal.write("failed", entry.held, f"delete:{error.code}")
            self._finish(entry, is_deleted=False)
            return 0.0
        self._waiting.put(entry)
        return pause_s(entry.attempts)

    def _finish(self, entry: Deletion, *, is_deleted: bool) -> None:
        if is_deleted:
            self._journal.write("deleted", entry.held, entry.reason)
        self._custody.drop(entry.run, [entry.held])
        entry.is_deleted = is_deleted
        entry.done.set()
