"""Keeping messages invisible while a provider takes its time.

Each run in hand is extended, as a whole, once half of its visibility is gone. An extension that
fails changes nothing; the courier will not send what is about to become visible.
"""

import structlog

from reference.clock import Clock
from reference.errors import QueueError
from reference.sqs_client import QueueReader
from reference.worker.custody import Custody, GroupRun
from reference.worker.record import WorkerJournal
from reference.worker.threads import Event

CHECKS_PER_VISIBILITY = 10


class Heartbeat:
    """Extends runs until told to stop."""

    def __init__(
        self,
        calls: QueueReader,
        custody: Custody,
        journal: WorkerJournal,
        clock: Clock,
        *,
        visibility_s: int,
    ) -> None:
        self._calls = calls
        self._custody = custody
        self._journal = journal
        self._clock = clock
        self._visibility_s = visibility_s
        self._log = structlog.get_logger()

    def work(self, stop: Event) -> None:
        """The body of a thread."""
        while not stop.wait(self._visibility_s / CHECKS_PER_VISIBILITY):
            self.beat()

    def beat(self) -> None:
        """Extend every run that needs it."""
        for run in self._custody.runs():
            if run.visible_at_s - self._clock.now_s() < self._visibility_s / 2:
                self._extend(run)

    def _extend(self, run: GroupRun) -> None:
        with run.lock:
            messages = run.messages
            now_s = self._clock.now_s()
            if not messages or now_s >= run.visible_at_s:
                return
            try:
                failures = self._calls.change_visibility(
                    [held.message.receipt_handle for held in messages], self._visibility_s
                )
            except QueueError as error:
                self._log.warning("extension failed", code=error.code, messages=len(messages))
                return
            # Some may have been deleted meanwhile; only those still in hand count.
            still_held = set(run.messages)
            missed = [messages[n] for n in failures if messages[n] in still_held]
            if missed:
                self._log.warning("extension incomplete", messages=len(missed))
                return
            run.visible_at_s = now_s + self._visibility_s
            for held in messages:
                self._journal.write("extended", held)
