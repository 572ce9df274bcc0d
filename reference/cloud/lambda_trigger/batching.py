"""Gathering one batch: until it is full, its window is over, or its payload is as large as allowed.

Without a window a batch is whatever one receive returned. Source: Lambda Developer Guide, with-sqs
(batching behaviour): the function is invoked when the window ends, the batch size is reached or
the payload reaches 6 MB, whichever comes first. Where AWS is silent we chose: the window begins
with the first message.
"""

from collections import deque
from collections.abc import Collection, Iterable

from reference.clock import Clock
from reference.cloud.lambda_trigger.mapping import Mapping
from reference.cloud.lambda_trigger.records import ENVELOPE_BYTES, PAYLOAD_MAX_BYTES, Record
from reference.sqs_client import RECEIVE_MAX


class Batcher:
    """One slot's messages that no batch has taken yet, oldest first."""

    def __init__(self, clock: Clock, mapping: Mapping) -> None:
        self._clock = clock
        self._size = mapping.batch_size
        self._window_s = mapping.batch_window_s
        self._waiting: deque[Record] = deque()
        self._bytes = 0
        self._due_at_s = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def room(self) -> int:
        """How many messages the next receive may bring."""
        return max(0, min(RECEIVE_MAX, self._size - len(self._waiting)))

    def add(self, records: Iterable[Record]) -> None:
        was_empty = not self._waiting
        for record in records:
            self._waiting.append(record)
            self._bytes += len(record.json) + 1  # and a comma
        if was_empty and self._waiting:
            self._due_at_s = self._clock.now_s() + self._window_s

    def due_in_s(self) -> float | None:
        """Seconds until the batch is to be taken, 0 for now, None while there is none."""
        if not self._waiting:
            return None
        is_full = len(self._waiting) >= self._size
        if is_full or ENVELOPE_BYTES + self._bytes >= PAYLOAD_MAX_BYTES:
            return 0.0
        return max(0.0, self._due_at_s - self._clock.now_s())

    def take(self) -> list[Record]:
        """A batch that keeps both bounds; what it leaves is due at once.

        A record that is too large on its own travels alone: SQS's messages are smaller.
        """
        batch: list[Record] = []
        room_bytes = PAYLOAD_MAX_BYTES - ENVELOPE_BYTES
        while self._waiting and len(batch) < self._size:
            size_bytes = len(self._waiting[0].json) + 1
            if batch and size_bytes > room_bytes:
                break
            room_bytes -= size_bytes
            self._bytes -= size_bytes
            batch.append(self._waiting.popleft())
        self._due_at_s = self._clock.now_s()
        return batch

    def drop(self, groups: Collection[str]) -> list[Record]:
        """Forget what stands behind a failure of its group, and return it."""
        dropped = [record for record in self._waiting if record.group in groups]
        self._waiting = deque(record for record in self._waiting if record.group not in groups)
        self._bytes -= sum(len(record.json) + 1 for record in dropped)
        return dropped
