"""One queue: what sends, receives, deletes and the passing of time do to its messages.

    send -> delayed -> visible -> in flight -> gone (deleted, parked, expired, purged)
                          ^___________|  timeout expired or set to zero

`settle` moves messages along as time passes and every operation calls it first, so the queue
needs no timers of its own. All operations are O(log n) in the messages that wait.
Sources of the rules: `README.md` of this package, rule by rule with the test's name.
"""

import heapq

from reference.cloud.sqs import limits
from reference.cloud.sqs.attempts import ReceiveAttempts
from reference.cloud.sqs.attributes import QueueAttributes
from reference.cloud.sqs.checks import check_message_size, check_token
from reference.cloud.sqs.dedup import DedupWindow, effective_dedup_id
from reference.cloud.sqs.errors import (
    InvalidParameterValue,
    MessageNotInflight,
    OverLimit,
    PurgeQueueInProgress,
    ReceiptHandleIsInvalid,
)
from reference.cloud.sqs.groups import GroupOrdering
from reference.cloud.sqs.message import Message, Outgoing, State
from reference.cloud.sqs.ordering import BestEffortOrdering, Ordering
from reference.cloud.sqs.receipts import ReceiptBook
from reference.cloud.sqs.store import MessageStore
from reference.cloud.sqs.surroundings import Counters, Depth, Received, Sent, Surroundings

# A standard queue moves a message to the back after so many receives:
# DG sqs-available-cloudwatch-metrics.html, ApproximateAgeOfOldestMessage.
_PUT_BACK_AFTER_RECEIVES = 3


class Queue:
    """A FIFO or standard queue."""

    def __init__(
        self,
        name: str,
        arn: str,
        attributes: QueueAttributes,
        receipts: ReceiptBook,
        around: Surroundings,
    ) -> None:
        self.name = name
        self.arn = arn
        self.attributes = attributes
        self.tags: dict[str, str] = {}
        self.created_s = self.modified_s = int(around.clock.wall_s())
        self.counters = Counters()
        self._around = around
        self._clock = around.clock
        self._receipts = receipts
        self._purged_s = float("-inf")
        self._dedup = DedupWindow(self._clock)
        self._attempts = ReceiveAttempts(self._clock)
        self._forget_messages()

    def _forget_messages(self) -> None:
        self._store = MessageStore()
        self._ordering: Ordering = (
            GroupOrdering(self._around.limits.fifo_look_ahead)
            if self.attributes.is_fifo
            else BestEffortOrdering(self._store)
        )
        self._delayed: list[tuple[float, int]] = []
        self._delayed_count = 0
        # Deadlines of messages in flight; one that was changed meanwhile is passed over.
        self._deadlines: list[tuple[float, int]] = []
        self._in_flight = 0

    # Sending

    def send(self, outgoing: Outgoing) -> Sent:
        """Store a message, or absorb it as a repeat.

        Raises InvalidParameterValue or MissingParameter when this queue does not take it.
        """
        self.settle()
        attributes = self.attributes
        check_message_size(outgoing.size_bytes, attributes.message_bytes_max)
        dedup_id = effective_dedup_id(attributes, outgoing)
        if outgoing.group is not None:
            check_token("MessageGroupId", outgoing.group)
        if dedup_id is not None:
            assert outgoing.group is not None
            if first := self._dedup.find(dedup_id, outgoing.group):
                self.counters.sent += 1
                self.counters.deduplicated += 1
                self._around.ledger.absorbed(self.name, outgoing, dedup_id, first)
                return Sent(first.message_id, f"{first.order:020d}", dedup_id, is_repeat=True)
        message = self._new_message(outgoing._replace(dedup_id=dedup_id))
        # First of all effects: when the journal cannot be written, nothing has happened.
        self._around.ledger.stored(self.name, message)
        if dedup_id is not None:
            scope = outgoing.group if attributes.dedup_per_group else None
            self._dedup.record(dedup_id, scope, message.message_id, message.order)
        delay_s = attributes.delay_s
        if outgoing.delay_s is not None and not attributes.is_fifo:
            delay_s = outgoing.delay_s
        self._enter(message, delay_s)
        self.counters.sent += 1
        self.counters.sent_bytes += outgoing.size_bytes
        return Sent(
            message.message_id,
            message.sequence_number if attributes.is_fifo else None,
            dedup_id,
            is_repeat=False,
        )

    def _new_message(self, outgoing: Outgoing) -> Message:
        return Message(
            outgoing,
            message_id=self._around.new_message_id(),
            order=self._around.next_order(),
            now_s=self._clock.now_s(),
            wall_ms=int(self._clock.wall_s() * 1000),
        )

    def _enter(self, message: Message, delay_s: float) -> None:
        self._store.add(message)
        if delay_s > 0:
            message.state = State.DELAYED
            self._delayed_count += 1
            message.visible_at_s = self._clock.now_s() + delay_s
            heapq.heappush(self._delayed, (message.visible_at_s, message.order))
        else:
            message.state = State.VISIBLE
            self._ordering.arrive(message)
            self._around.on_available(self)

    # Receiving

    def receive(
        self,
        max_messages: int = 1,
        *,
        visibility_s: int | None = None,
        attempt_id: str | None = None,
        is_long_poll: bool = False,
    ) -> list[Received]:
        """The next messages, which are then in flight; empty when none is available.

        Raises OverLimit when too many messages of a standard queue are in flight.
        """
        self.settle()
        timeout_s = self.attributes.visibility_s if visibility_s is None else visibility_s
        if attempt_id is not None and (repeated := self._attempts.replay(attempt_id)):
            for message in repeated:
                self._set_deadline(message, timeout_s)
            self._attempts.record(attempt_id, repeated)
            return [self._delivery(message) for message in repeated]
        room = self._around.limits.in_flight_max - self._in_flight
        if room <= 0 and not self.attributes.is_fifo and not is_long_poll:
            raise OverLimit(
                f"Too many messages in flight: {self._in_flight}. Delete messages or wait until "
                "their visibility timeout expires."
            )
        messages = self._take(min(max_messages, room))
        for message in messages:
            self._start_flight(message, timeout_s)
        deliveries = [self._delivery(message) for message in messages]
        if attempt_id is not None and messages:
            self._attempts.record(attempt_id, messages)
        if timeout_s == 0:
            for message in messages:
                self._end_flight(message)
        return deliveries

    def _take(self, limit: int) -> list[Message]:
        redrive = self.attributes.redrive
        dead_letters = self._around.find_by_arn(redrive.target_arn) if redrive else None
        if redrive is None or dead_letters is None:
            return self._ordering.take(limit, limits.UNLIMITED).messages
        messages, spent = self._ordering.take(limit, redrive.max_receive_count)
        for message in spent:
            self._around.ledger.event("parked", self.name, message)
            self._leave(message)
            message.source_arn = self.arn
            dead_letters.accept(message)
        return messages

    def accept(self, message: Message) -> None:
        """Take over a message from another queue, as redrive does.

        A FIFO queue starts its retention anew, a standard queue keeps the original time
        (DG setting-up-dead-letter-queue-retention.html); the age starts anew in both.
        """
        self.settle()
        now_s = self._clock.now_s()
        message.order = self._around.next_order()
        message.receives_elsewhere += message.receive_count
        message.receive_count = 0
        message.entered_s = now_s
        if self.attributes.is_fifo:
            message.enqueued_s = now_s
        self._enter(message, self.attributes.delay_s)

    def take_out(self, limit: int) -> list[Message]:
        """Remove the next visible messages, to move them to another queue."""
        self.settle()
        messages = self._ordering.take(limit, limits.UNLIMITED).messages if limit > 0 else []
        for message in messages:
            self._around.ledger.event("moved", self.name, message)
            self._leave(message)
        return messages

    def adopt(self, message: Message) -> None:
        """Store a message that was moved here: as a new one, not deduplicated."""
        self.settle()
        outgoing = Outgoing(
            message.body,
            0,
            message.group,
            message.dedup_id,
            attributes=message.attributes,
            trace_header=message.trace_header,
        )
        moved = self._new_message(outgoing)
        self._around.ledger.stored(self.name, moved)
        self._enter(moved, self.attributes.delay_s)

    def _start_flight(self, message: Message, timeout_s: float) -> None:
        message.receive_count += 1
        message.received_s = self._clock.now_s()
        if message.first_received_ms is None:
            message.first_received_ms = int(self._clock.wall_s() * 1000)
        message.state = State.IN_FLIGHT
        self._in_flight += 1
        self._ordering.hold(message)
        self._set_deadline(message, timeout_s)
        self.counters.received += 1
        if message.receive_count >= _PUT_BACK_AFTER_RECEIVES and not self.attributes.is_fifo:
            self._store.put_back(message)
        self._around.ledger.event("received", self.name, message)

    def _set_deadline(self, message: Message, timeout_s: float) -> None:
        message.visible_at_s = self._clock.now_s() + timeout_s
        heapq.heappush(self._deadlines, (message.visible_at_s, message.order))

    def _end_flight(self, message: Message) -> None:
        message.state = State.VISIBLE
        self._in_flight -= 1
        self._ordering.show(message)
        self._around.on_available(self)

    def _delivery(self, message: Message) -> Received:
        return Received(message, self._receipts.issue(message.order, message.receive_count))

    # What a receiver does next

    def delete(self, receipt_handle: str) -> None:
        """Delete the message; a message that is gone already counts as deleted.

        Raises ReceiptHandleIsInvalid for a handle that was never issued, and on a FIFO queue
        InvalidParameterValue once the visibility timeout of that receive has expired.
        """
        self.settle()
        receipt = self._receipts.read(receipt_handle)
        message = self._store.get(receipt.order)
        if message is None:
            return
        is_latest = message.receive_count == receipt.receive_number
        if self.attributes.is_fifo:
            if not is_latest or message.state is not State.IN_FLIGHT:
                raise _expired(receipt_handle)
        elif not is_latest:
            return  # AWS answers success and may not delete; the stricter reading never does
        self.counters.deleted += 1
        self._around.ledger.event("deleted", self.name, message)
        self._leave(message)

    def change_visibility(self, receipt_handle: str, timeout_s: int) -> None:
        """Let the timeout of a message in flight end `timeout_s` from now; 0 releases it.

        Raises ReceiptHandleIsInvalid, MessageNotInflight or InvalidParameterValue.
        """
        self.settle()
        receipt = self._receipts.read(receipt_handle)
        message = self._store.get(receipt.order)
        if message is None:
            raise InvalidParameterValue(
                f"Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: Message "
                "does not exist or is not available for visibility timeout change."
            )
        is_held = (
            message.state is State.IN_FLIGHT and message.receive_count == receipt.receive_number
        )
        if not is_held:
            if self.attributes.is_fifo:
                raise _expired(receipt_handle)
            raise MessageNotInflight("The message referred to is not in flight.")
        held_s = self._clock.now_s() - message.received_s
        if timeout_s and held_s + timeout_s > limits.VISIBILITY_S_MAX:
            raise InvalidParameterValue(
                f"Value {timeout_s} for parameter VisibilityTimeout is invalid. Reason: Total "
                f"VisibilityTimeout for the message is beyond the limit "
                f"[{limits.VISIBILITY_S_MAX} seconds]"
            )
        self._ordering.adjust(message)
        self._set_deadline(message, timeout_s)
        if timeout_s == 0:
            self._end_flight(message)

    def _leave(self, message: Message) -> None:
        was = message.state
        message.state = State.GONE
        self._store.remove(message)
        if was is State.IN_FLIGHT:
            self._in_flight -= 1
        if was is State.DELAYED:
            self._delayed_count -= 1
        else:
            self._ordering.remove(message, was_in_flight=was is State.IN_FLIGHT)
            self._around.on_available(self)

    def group_of(self, receipt_handle: str) -> str | None:
        """The group of the message that the handle names; None when it names none."""
        try:
            message = self._store.get(self._receipts.read(receipt_handle).order)
        except ReceiptHandleIsInvalid:
            return None
        return message.group if message else None

    # The queue as a whole

    def purge(self) -> None:
        """Remove all messages, also those in flight, and forget the deduplication ids.

        Raises PurgeQueueInProgress when the last purge is too recent.
        """
        now_s = self._clock.now_s()
        interval_s = self._around.limits.purge_interval_s
        if now_s - self._purged_s < interval_s:
            raise PurgeQueueInProgress(
                f"Only one PurgeQueue operation on {self.name} is allowed every "
                f"{interval_s:.0f} seconds."
            )
        self._purged_s = now_s
        self.settle()
        self.drop_messages()
        self._dedup.clear()
        self._attempts.clear()

    def drop_messages(self) -> None:
        for message in self._store:
            message.state = State.GONE
            self._around.ledger.event("purged", self.name, message)
        self._forget_messages()

    def set_attributes(self, attributes: QueueAttributes) -> None:
        self.settle()
        delay_changed_by_s = attributes.delay_s - self.attributes.delay_s
        self.attributes = attributes
        self.modified_s = int(self._clock.wall_s())
        if self.attributes.is_fifo and delay_changed_by_s:
            # On FIFO queues the setting is retroactive: API SetQueueAttributes, DelaySeconds.
            self._delayed = [(due_s + delay_changed_by_s, order) for due_s, order in self._delayed]
            heapq.heapify(self._delayed)
        self.settle()

    def settle(self) -> None:
        """Let happen what the passing of time has brought about."""
        now_s = self._clock.now_s()
        while self._delayed and self._delayed[0][0] <= now_s:
            message = self._store.get(heapq.heappop(self._delayed)[1])
            if message is not None:
                message.state = State.VISIBLE
                self._delayed_count -= 1
                self._ordering.arrive(message)
                self._around.on_available(self)
        while self._deadlines and self._deadlines[0][0] <= now_s:
            deadline_s, order = heapq.heappop(self._deadlines)
            message = self._store.get(order)
            if (
                message is not None
                and message.state is State.IN_FLIGHT
                and message.visible_at_s == deadline_s
            ):
                self._end_flight(message)
        for message in self._store.expired(now_s - self.attributes.retention_s):
            self._around.ledger.event("expired", self.name, message)
            self._leave(message)

    def has_available(self) -> bool:
        """Whether a receive would find a message now."""
        self.settle()
        return (
            self._in_flight < self._around.limits.in_flight_max and self._ordering.has_available()
        )

    def next_due_s(self) -> float | None:
        """When time alone may next make a message available, on the clock's scale."""
        due = [heap[0][0] for heap in (self._delayed, self._deadlines) if heap]
        return min(due, default=None)

    def depth(self) -> Depth:
        self.settle()
        return Depth(
            visible=len(self._store) - self._in_flight - self._delayed_count,
            in_flight=self._in_flight,
            delayed=self._delayed_count,
            groups_in_flight=self._ordering.groups_in_flight(),
        )

    def oldest_age_s(self) -> float | None:
        """ApproximateAgeOfOldestMessage; None when the queue has no message that counts."""
        self.settle()
        oldest = self._store.oldest()
        return None if oldest is None else self._clock.now_s() - oldest.entered_s


def _expired(receipt_handle: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Value {receipt_handle} for parameter ReceiptHandle is invalid. "
        "Reason: The receipt handle has expired."
    )
