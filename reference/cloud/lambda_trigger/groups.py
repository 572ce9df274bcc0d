"""Message groups that a batch in progress holds: no second batch of a group runs beside it.

SQS gives out nothing of a group while one of its messages is hidden, so a group comes twice only
when a visibility was cut short, as by a function that gives a message back before it returns. The
batch that comes second then waits for the first.
"""

import threading
from collections.abc import Set

from reference.cloud.lambda_trigger.records import Record


class GroupsInFlight:
    """Several threads use it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: set[str] = set()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, groups: Set[str], timeout_s: float) -> bool:
        """All of them or, when the time is over and others still hold one, none."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._held & groups, max(0.0, timeout_s)):
                return False
            self._held |= groups
            return True

    def release(self, groups: Set[str]) -> None:
        with self._changed:
            self._held -= groups
            self._changed.notify_all()


def groups_of(batch: list[Record]) -> set[str]:
    """Empty for a standard queue."""
    return {record.group for record in batch if record.group}
