"""The states of one queue's messages, as their queue and the passing of time change them.

    enter -> delayed -> visible -> in flight -> leave
                           ^___________|  timeout expired or set to zero

All of it is O(log n) in the messages that wait. What the changes mean for callers, and who is told
of them, is `queue.py`'s affair.
"""

from collections.abc import Iterator

from reference.clock import Clock
from reference.cloud.sqs.fair import FairOrdering
from reference.cloud.sqs.groups import GroupOrdering
from reference.cloud.sqs.message import Message, State
from reference.cloud.sqs.ordering import Ordering
from reference.cloud.sqs.store import MessageStore
from reference.cloud.sqs.surroundings import Depth
from reference.cloud.sqs.timed import TimedMessages

# A standard queue moves a message to the back after so many receives:
# DG sqs-available-cloudwatch-metrics.html, ApproximateAgeOfOldestMessage.
_PUT_BACK_AFTER_RECEIVES = 3
_VISIBLE = State.VISIBLE  # every send asks, and looking up a member costs as much as a call


class Lifecycle:
    """Every message of a queue, in exactly one state."""

    def __init__(self, clock: Clock, *, is_fifo: bool, look_ahead: int) -> None:
        self.store = MessageStore()
        self.ordering: Ordering = (
            GroupOrdering(look_ahead) if is_fifo else FairOrdering(self.store, clock)
        )
        self._clock = clock
        self._is_fifo = is_fifo
        self._delayed = TimedMessages(self.store, State.DELAYED)
        self._in_flight = TimedMessages(self.store, State.IN_FLIGHT)

    @property
    def in_flight_count(self) -> int:
        return self._in_flight.count

    def enter(self, message: Message) -> bool:
        """Take a message in, delayed until its `visible_at_s`; whether it is visible at once."""
        self.store.add(message)
        is_visible = message.visible_at_s <= message.entered_s
        if is_visible:
            message.state = _VISIBLE
            self.ordering.arrive(message)
        else:
            self._delayed.add(message, message.visible_at_s)
        return is_visible

    def start_flight(self, message: Message, timeout_s: float) -> None:
        """The message, taken from the ordering, is received."""
        now_s = self._clock.now_s()
        message.receive_count += 1
        message.received_s = now_s
        if message.first_received_ms is None:
            message.first_received_ms = int(self._clock.wall_s() * 1000)
        self._in_flight.add(message, now_s + timeout_s)
        self.ordering.hold(message)
        if message.receive_count >= _PUT_BACK_AFTER_RECEIVES and not self._is_fifo:
            self.store.put_back(message)

    def set_timeout(self, message: Message, timeout_s: float) -> None:
        """The flight ends so long from now."""
        self._in_flight.set_until(message, self._clock.now_s() + timeout_s)

    def end_flight(self, message: Message) -> None:
        self._in_flight.end(message, State.VISIBLE)
        self.ordering.show(message)

    def leave(self, message: Message) -> None:
        was = message.state
        if was is State.DELAYED:
            self._delayed.end(message, State.GONE)
        elif was is State.IN_FLIGHT:
            self._in_flight.end(message, State.GONE)
        message.state = State.GONE
        self.store.remove(message)
        if was is not State.DELAYED:
            self.ordering.remove(message, was_in_flight=was is State.IN_FLIGHT)

    def is_due(self, now_s: float, kept_since_s: float) -> bool:
        """Whether `pass_to` or `expired` may have something to do: every call asks first."""
        return (
            self._delayed.next_due_s <= now_s
            or self._in_flight.next_due_s <= now_s
            or self.store.enqueued_since_s <= kept_since_s
        )

    def pass_to(self, now_s: float) -> bool:
        """End what delays and timeouts are over; whether a message became visible."""
        any_visible = False
        for message in self._delayed.due(now_s):
            self._delayed.end(message, State.VISIBLE)
            self.ordering.arrive(message)
            any_visible = True
        for message in self._in_flight.due(now_s):
            self.end_flight(message)
            any_visible = True
        return any_visible

    def expired(self, kept_since_s: float) -> Iterator[Message]:
        """Messages older than that; the caller lets each one leave."""
        return self.store.expired(kept_since_s)

    def next_due_s(self) -> float:
        """When time alone may next make a message available; infinity when it will not."""
        return min(self._delayed.next_due_s, self._in_flight.next_due_s)

    def shift_delays(self, seconds: float) -> list[Message]:
        """Let what is delayed become visible later, or sooner when negative; returns it."""
        return self._delayed.shift_all(seconds)

    def restore(self, message: Message) -> None:
        """Put back a message as it was before a restart; the oldest first."""
        until_s = message.visible_at_s
        is_until_later = until_s > self._clock.now_s()
        self.store.add(message)
        if is_until_later and not message.receive_count:
            self._delayed.add(message, until_s)
            return
        if is_until_later:
            self._in_flight.add(message, until_s)
            self.ordering.arrive(message)
            self.ordering.hold(message)
        else:
            message.state = State.VISIBLE
            self.ordering.arrive(message)
        if message.receive_count >= _PUT_BACK_AFTER_RECEIVES and not self._is_fifo:
            self.store.put_back(message)

    def restore_last_set(self, order: int) -> None:
        """Of its group's messages, this one's timeout was set last; it may be gone by now."""
        message = self.store.get(order)
        if message is not None and message.receive_count:
            self.ordering.adjust(message)

    def depth(self) -> Depth:
        in_flight, delayed = self._in_flight.count, self._delayed.count
        return Depth(
            visible=len(self.store) - in_flight - delayed,
            in_flight=in_flight,
            delayed=delayed,
            groups_in_flight=self.ordering.groups_in_flight(),
            noisy_groups=self.ordering.noisy_groups(),
        )
