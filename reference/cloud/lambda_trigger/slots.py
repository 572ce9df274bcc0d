"""What the slots are doing: which poll, which wait for a poller, which are busy with a batch."""

import threading
from collections.abc import Sequence

from reference.clock import Clock
from reference.cloud.lambda_trigger.mapping import Mapping
from reference.cloud.lambda_trigger.records import Record
from reference.cloud.lambda_trigger.scaling import PollPace, Scaler

WAITING_AFTER_S = 0.3  # a poll that takes longer finds nothing to do
NOT_YET_S = float("inf")  # of a slot that has no poller yet


class Slots:
    """The slots there are, by number, and the scaler that says how many; for several threads."""

    def __init__(self, scaler: Scaler, mapping: Mapping, clock: Clock) -> None:
        self._scaler = scaler
        self._clock = clock
        self._pace = None if mapping.pollers is None else PollPace(clock)
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._polls_since_s: dict[int, float | None] = {}  # None: it is busy
        self._open_polls = 0
        self.limit = 0

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, but not once it is time to stop."""
        self._stop.wait(seconds)

    def observe(self) -> tuple[list[int], int]:
        """Let the scaler see the slots; the numbers of new ones, and how many are busy."""
        now_s = self._clock.now_s()
        with self._changed:
            polling = [since_s for since_s in self._polls_since_s.values() if since_s is not None]
            busy = len(self._polls_since_s) - len(polling)
            waiting = sum(now_s - since_s > WAITING_AFTER_S for since_s in polling)
            self._scaler.observe(busy=busy, waiting=waiting)
            self.limit = self._scaler.limit
            missing = [n for n in range(self.limit) if n not in self._polls_since_s]
            self._polls_since_s.update(dict.fromkeys(missing, NOT_YET_S))
            self._changed.notify_all()
        return missing, busy

    def set_back(self) -> None:
        with self._changed:
            self._scaler.set_back()

    def begin_poll(self, number: int, *, has_batch: bool) -> bool:
        """Wait for a poller that is free; False when there will be none any more.

        A slot with a batch in the making is busy also while it polls.
        """
        with self._changed:
            if not has_batch:
                self._polls_since_s[number] = NOT_YET_S
            self._changed.wait_for(
                lambda: self._open_polls < self._scaler.pollers or self.is_stopping
            )
            self._open_polls += 1
            pause = self._pace.begin_in_s(self._scaler.pollers) if self._pace else 0.0
        if self._stop.wait(pause):
            self.end_poll(number, [])
            return False
        with self._changed:
            if not has_batch:
                self._polls_since_s[number] = self._clock.now_s()
        return True

    def end_poll(self, number: int, records: Sequence[Record]) -> None:
        """With messages the slot is busy; without, it goes on waiting."""
        with self._changed:
            self._open_polls -= 1
            if records:
                self._polls_since_s[number] = None
                if self._pace:
                    size_bytes = sum(len(record.json) for record in records)
                    self._pace.carried(size_bytes, self._scaler.pollers)
            self._changed.notify_all()

    def leave(self, number: int) -> None:
        """A slot is no more."""
        with self._changed:
            del self._polls_since_s[number]
            self._changed.notify_all()

    def stop(self, poll_grace_s: float, busy_grace_s: float) -> bool:
        """No more polls. Wait for those that are open, and for batches; False if some are left."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._polls_since_s, poll_grace_s)
            return self._changed.wait_for(
                lambda: None not in self._polls_since_s.values(), busy_grace_s
            )
