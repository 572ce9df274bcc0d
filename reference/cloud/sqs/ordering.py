"""Which visible message comes next: the question that FIFO and standard queues answer apart.

A queue tells its ordering what happens to each message; the ordering hands out messages. Neither
knows of clocks, handles or deliveries. `groups.py` is the FIFO answer.
"""

import heapq
from typing import NamedTuple, Protocol

from reference.cloud.sqs.message import Message, State
from reference.cloud.sqs.store import MessageStore


class Taken(NamedTuple):
    messages: list[Message]  # to deliver, in this order
    spent: list[Message]  # received too often: to park in the dead-letter queue


class Ordering(Protocol):
    """Told of every change of state right after it; hands out visible messages."""

    def arrive(self, message: Message) -> None:
        """A message became visible for the first time."""

    def take(self, limit: int, receive_count_max: int) -> Taken:
        """The next messages; the caller holds, shows again or removes each one."""
        ...

    def hold(self, message: Message) -> None:
        """The message is in flight from now on."""

    def adjust(self, message: Message) -> None:
        """The visibility timeout of a message in flight was set anew."""

    def show(self, message: Message) -> None:
        """The message is visible again: its timeout expired or was set to zero."""

    def remove(self, message: Message, *, was_in_flight: bool) -> None:
        """The message is gone, though it was visible or in flight."""

    def has_available(self) -> bool:
        """Whether `take` would find a message."""
        ...

    def groups_in_flight(self) -> int: ...


class BestEffortOrdering:
    """A standard queue: oldest visible message first, and no promise."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        # Places of visible messages; a message that is gone leaves its place until it is met.
        self._visible: list[int] = []

    def arrive(self, message: Message) -> None:
        heapq.heappush(self._visible, message.order)

    def take(self, limit: int, receive_count_max: int) -> Taken:
        taken = Taken([], [])
        while len(taken.messages) < limit and self.has_available():
            message = self._store.get(heapq.heappop(self._visible))
            assert message is not None
            is_spent = message.receive_count >= receive_count_max
            (taken.spent if is_spent else taken.messages).append(message)
        return taken

    def hold(self, message: Message) -> None:
        pass

    def adjust(self, message: Message) -> None:
        pass

    def show(self, message: Message) -> None:
        heapq.heappush(self._visible, message.order)

    def remove(self, message: Message, *, was_in_flight: bool) -> None:
        pass

    def has_available(self) -> bool:
        while self._visible:
            message = self._store.get(self._visible[0])
            if message is not None and message.state is State.VISIBLE:
                return True
            heapq.heappop(self._visible)
        return False

    def groups_in_flight(self) -> int:
        return 0
