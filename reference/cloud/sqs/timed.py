"""Messages that are in a state until a time: delayed ones, and those in flight."""

import heapq
from collections.abc import Iterator

from reference.cloud.sqs.message import Message, State
from reference.cloud.sqs.store import MessageStore

_OUTDATED_MAX = 1_000


class TimedMessages:
    """One queue's messages in `state`; `visible_at_s` of each says until when."""

    def __init__(self, store: MessageStore, state: State) -> None:
        self._store = store
        self._state = state
        self.count = 0
        self.next_due_s = float("inf")
        # A time that was changed meanwhile stays behind and is passed over when it is met.
        self._until: list[tuple[float, int]] = []

    def add(self, message: Message, until_s: float) -> None:
        message.state = self._state
        self.count += 1
        self.set_until(message, until_s)

    def set_until(self, message: Message, until_s: float) -> None:
        message.visible_at_s = until_s
        heapq.heappush(self._until, (until_s, message.order))
        # Timeouts of hours would keep the places of messages long gone; half of them is enough.
        if len(self._until) > 2 * self.count + _OUTDATED_MAX:
            self._until = [entry for entry in self._until if self._message_of(entry)]
            heapq.heapify(self._until)
        self.next_due_s = self._until[0][0]

    def shift_all(self, seconds: float) -> list[Message]:
        """Let every message's time come later, or sooner when negative; returns them."""
        shifted = [message for message in self._store if message.state is self._state]
        for message in shifted:
            message.visible_at_s += seconds
        self._until = [(until_s + seconds, order) for until_s, order in self._until]
        heapq.heapify(self._until)
        self.next_due_s += seconds
        return shifted

    def end(self, message: Message, state: State) -> None:
        """The message has this other state now."""
        message.state = state
        self.count -= 1

    def due(self, now_s: float) -> Iterator[Message]:
        """Messages whose time has come, in the order of their times; the caller ends each."""
        while self.next_due_s <= now_s:
            message = self._message_of(heapq.heappop(self._until))
            self.next_due_s = self._until[0][0] if self._until else float("inf")
            if message is not None:
                yield message

    def _message_of(self, entry: tuple[float, int]) -> Message | None:
        """The message whose time this still is; None when it was changed or is over."""
        until_s, order = entry
        message = self._store.get(order)
        if message is None or message.state is not self._state or message.visible_at_s != until_s:
            return None
        return message
