"""All messages that a queue holds, whatever their state, with the oldest at hand.

Retention and age look at the oldest message only, so neither ever scans the queue. Messages that
arrive older than those before them (a standard dead-letter queue keeps the original time) are
kept apart on a heap; there are few of them.
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain

from reference.cloud.sqs.message import Message


class MessageStore:
    """Messages by their place in the queue."""

    def __init__(self) -> None:
        self._by_order: OrderedDict[int, Message] = OrderedDict()
        # Received three times and more from a standard queue: out of the age metric.
        self._put_back: OrderedDict[int, Message] = OrderedDict()
        self._stragglers: list[tuple[float, int]] = []
        self._newest_enqueued_s = float("-inf")
        # No message was enqueued before this; there may be none from then any more.
        self.enqueued_since_s = float("inf")

    def __len__(self) -> int:
        return len(self._by_order) + len(self._put_back)

    def __iter__(self) -> Iterator[Message]:
        return chain(self._by_order.values(), self._put_back.values())

    def add(self, message: Message) -> None:
        self._by_order[message.order] = message
        enqueued_s = message.enqueued_s
        self.enqueued_since_s = min(self.enqueued_since_s, enqueued_s)
        if enqueued_s < self._newest_enqueued_s:
            heapq.heappush(self._stragglers, (enqueued_s, message.order))
        else:
            self._newest_enqueued_s = enqueued_s

    def get(self, order: int) -> Message | None:
        return self._by_order.get(order) or self._put_back.get(order)

    def remove(self, message: Message) -> None:
        if self._by_order.pop(message.order, None) is None:
            del self._put_back[message.order]

    def put_back(self, message: Message) -> None:
        """Count the message's age no longer, as SQS does after the third receive."""
        if self._by_order.pop(message.order, None) is not None:
            self._put_back[message.order] = message
            heapq.heappush(self._stragglers, (message.enqueued_s, message.order))

    def clear(self) -> None:
        self._by_order.clear()
        self._put_back.clear()
        self._stragglers.clear()
        self.enqueued_since_s = float("inf")

    def oldest(self) -> Message | None:
        """The message whose age the queue reports."""
        return next(iter(self._by_order.values()), None)

    def expired(self, enqueued_before_s: float) -> Iterator[Message]:
        """Messages that were enqueued at or before that time; the caller removes each one."""
        while self._stragglers and self._stragglers[0][0] <= enqueued_before_s:
            message = self.get(heapq.heappop(self._stragglers)[1])
            if message is not None:
                yield message
        while (oldest := self.oldest()) is not None and oldest.enqueued_s <= enqueued_before_s:
            yield oldest
        self.enqueued_since_s = min(
            float("inf") if oldest is None else oldest.enqueued_s,
            self._stragglers[0][0] if self._stragglers else float("inf"),
        )
