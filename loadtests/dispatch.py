"""Hands attempts to Locust users at the time they are due, whoever is free.

Users are senders with a connection each; the schedule decides when something is sent, never the
answers to earlier requests. When no sender is free the attempt waits, and the wait shows in the
evidence as lateness: it is the generator's fault, not the target's.
"""

import json
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gevent
from gevent.event import AsyncResult, Event

from loadtests.ledger import LedgerWriter
from loadtests.schedule import Attempt, Schedule
from scenarios.model import Retries

GIVE_UP_AFTER_S = 120.0  # beyond the last due attempt, against a target that never answers


class Dispatcher:
    """One load's schedule, running. Senders may wait for their work before there is any."""

    def __init__(self, ledger_dir: Path | None, *, tells_status: bool = True) -> None:
        """`tells_status`: the harness is told beside the ledgers how far this load is."""
        self._schedule = Schedule({}, Retries(), 0)  # nothing yet
        self._ledger_dir = ledger_dir
        self._tells_status = tells_status
        self.rows = 0  # recorded so far
        self._ledgers: dict[str, LedgerWriter] = {}
        self._idle: list[AsyncResult[Attempt]] = []
        self._waiting: deque[Attempt] = deque()
        self._changed = Event()
        self.start_s = 0.0  # monotonic

    def run(self, schedule: Schedule, start_s: float | None = None) -> bool:
        """Dispatch from `start_s`, or now, until the schedule is exhausted.

        A greenlet of its own. False when it gave up before.
        """
        self._schedule = schedule
        self.start_s = time.monotonic() if start_s is None else start_s
        self._report(is_over=False)
        gevent.sleep(max(0.0, self.start_s - time.monotonic()))
        last_progress_s = time.monotonic()
        while not self._schedule.exhausted:
            due_s = self._schedule.next_due_s()
            now_s = self.now_s()
            if due_s is not None and due_s <= now_s:
                self._hand_over(self._schedule.take())
                last_progress_s = time.monotonic()
                continue
            if time.monotonic() - last_progress_s > GIVE_UP_AFTER_S:
                break
            self._changed.clear()
            self._changed.wait(timeout=1.0 if due_s is None else min(due_s - now_s, 1.0))
        self._report(is_over=True)
        return self._schedule.exhausted

    def now_s(self) -> float:
        """Seconds since the load's start."""
        return time.monotonic() - self.start_s

    def intended_s(self, attempt: Attempt) -> float:
        """When the attempt was due, on the machine's monotonic clock."""
        return self.start_s + attempt.due_s

    def next(self) -> Attempt:
        """Wait, as a sender, for something to send."""
        if self._waiting:
            return self._waiting.popleft()
        slot: AsyncResult[Attempt] = AsyncResult()
        self._idle.append(slot)
        try:
            attempt: Attempt = slot.get()
            return attempt
        finally:
            if slot in self._idle:
                self._idle.remove(slot)

    def done(self) -> None:
        """The attempt a sender took has come to its end."""
        self._schedule.finish()
        self._changed.set()

    def retry(self, attempt: Attempt, not_before_s: float = 0.0) -> bool:
        return self._schedule.retry(attempt, self.now_s(), not_before_s)

    def record(self, ledger: str, **row: object) -> None:
        """Write a ledger row, if this load keeps evidence."""
        if self._ledger_dir is None:
            return
        if ledger not in self._ledgers:
            self._ledgers[ledger] = LedgerWriter(self._ledger_dir / f"{ledger}.jsonl")
        self._ledgers[ledger].write(**row)
        self.rows += 1

    def _hand_over(self, attempt: Attempt) -> None:
        # The sender that became idle last: its connection is warm, others may rest.
        if self._idle:
            self._idle.pop().set(attempt)
        else:
            self._waiting.append(attempt)

    def _report(self, *, is_over: bool) -> None:
        if self._ledger_dir is not None and self._tells_status:
            write_status(
                self._ledger_dir,
                start_s=self.start_s,
                end_s=time.monotonic() if is_over else None,
                is_finished=is_over and self._schedule.exhausted,
            )


def write_status(
    folder: Path,
    *,
    start_s: float,
    end_s: float | None,
    is_finished: bool,
    workers: Sequence[dict[str, Any]] = (),
) -> None:
    """Tell the harness when the load began, whether it ran to its end, and who made it."""
    status = {
        "start_s": start_s,
        "end_s": end_s,
        "finished": is_finished,
        "workers": list(workers),
    }
    draft = folder / "generator.draft"
    draft.write_text(json.dumps(status))
    draft.replace(folder / "generator.json")
