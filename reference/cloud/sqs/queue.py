"""One queue: what sends, receives, deletes and changes do, and who is told of it.

Its messages' states are kept by `lifecycle.py`. `settle` moves them along as time passes and every
operation calls it first, so the queue needs no timers of its own.
Sources of the rules: `README.md` of this package, rule by rule with the test's name.
"""

from collections.abc import Callable

from reference.cloud.sqs import limits
from reference.cloud.sqs.attempts import ReceiveAttempts
from reference.cloud.sqs.attributes import QueueAttributes, Throughput
from reference.cloud.sqs.checks import (
    check_total_visibility,
    invalid_token,
    is_token,
    message_too_large,
)
from reference.cloud.sqs.dedup import DedupWindow, dedup_key, effective_dedup_id
from reference.cloud.sqs.errors import (
    OverLimit,
    PurgeQueueInProgress,
    SqsError,
)
from reference.cloud.sqs.lifecycle import Lifecycle
from reference.cloud.sqs.message import Message, Outgoing, State, sequence_number
from reference.cloud.sqs.ordering import Draw
from reference.cloud.sqs.partitions import hash_of_group
from reference.cloud.sqs.receipts import HANDLE_EXPIRED, NO_SUCH_MESSAGE, ReceiptBook, unusable
from reference.cloud.sqs.surroundings import Counters, Depth, Received, Sent, Surroundings


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
        self.lives: Lifecycle  # of its messages
        self.created_s = self.modified_s = int(around.clock.wall_s())
        self.counters = Counters()
        self._around = around
        self._clock = around.clock
        self._receipts = receipts
        self.purged_s: float | None = None
        self.dedup = DedupWindow(self._clock)
        self.attempts = ReceiveAttempts(self._clock)
        self._forget_messages()

    def _forget_messages(self) -> None:
        self.lives = Lifecycle(
            self._clock,
            is_fifo=self.attributes.is_fifo,
            look_ahead=self._around.limits.fifo_look_ahead,
        )

    # Sending

    def send(self, outgoing: Outgoing) -> Sent:
        """Store a message, or absorb it as a repeat.

        Raises InvalidParameterValue or MissingParameter when this queue does not take it.
        """
        self.settle()
        attributes, group = self.attributes, outgoing.group
        if outgoing.size_bytes > attributes.message_bytes_max:
            raise message_too_large(attributes.message_bytes_max)
        dedup_id = effective_dedup_id(attributes, outgoing)
        if group is not None and not is_token(group):
            raise invalid_token("MessageGroupId", group)
        if dedup_id is not None:
            assert group is not None
            if first := self.dedup.find(dedup_id, group):
                self.counters.sent += 1
                self.counters.deduplicated += 1
                self._around.witness.absorbed(self, outgoing, dedup_id, first)
                return Sent(first.message_id, sequence_number(first.order), is_repeat=True)
        message = self._new_message(outgoing, dedup_id)
        delay_s = attributes.delay_s
        if outgoing.delay_s is not None and not attributes.is_fifo:
            delay_s = outgoing.delay_s
        if delay_s:
            message.visible_at_s += delay_s
        # First of all effects: when a witness cannot write it down, nothing has happened.
        self._around.witness.stored(self, message)
        if dedup_id is not None:
            scope = group if attributes.dedup_per_group else None
            first_send = message.message_id, message.order, message.enqueued_s
            self.dedup.record(dedup_key(dedup_id, scope), first_send)
        if self.lives.enter(message):
            self._around.on_available(self)
        self.counters.sent += 1
        self.counters.sent_bytes += outgoing.size_bytes
        return Sent(
            message.message_id,
            sequence_number(message.order) if attributes.is_fifo else None,
            is_repeat=False,
        )

    def _new_message(self, outgoing: Outgoing, dedup_id: str | None) -> Message:
        return Message(
            outgoing,
            dedup_id,
            self._around.new_message_id(),
            self._around.next_order(),
            self._clock.now_s(),
            int(self._clock.wall_s() * 1000),
        )

    def _enter(self, message: Message) -> None:
        if self.lives.enter(message):
            self._around.on_available(self)

    # Receiving

    def receive(
        self,
        max_messages: int = 1,
        *,
        visibility_s: int | None = None,
        attempt_id: str | None = None,
        is_long_poll: bool = False,
        draw: Draw | None = None,
    ) -> list[Received]:
        """The next messages, which are then in flight; empty when none is available.

        Raises OverLimit when too many messages of a standard queue are in flight, and
        InvalidParameterValue when the attempt was throttled before.
        """
        self.settle()
        timeout_s = self.attributes.visibility_s if visibility_s is None else visibility_s
        if attempt_id is not None and (
            repeated := self.attempts.replay(attempt_id, self.lives.store.get)
        ):
            for message in repeated:
                held_s = self._clock.now_s() - message.received_s
                # It is hidden for 12 hours in all; AWS does not say, ours, that the rest is given.
                self._set_timeout(message, min(timeout_s, limits.VISIBILITY_S_MAX - held_s))
            self._remember_attempt(attempt_id, repeated)
            return [self._delivery(message) for message in repeated]
        in_flight = self.lives.in_flight_count
        room = self._around.limits.in_flight_max - in_flight
        if room <= 0 and not self.attributes.is_fifo and not is_long_poll:
            raise OverLimit(
                f"Too many messages in flight: {in_flight}. Delete messages or wait "
                "until their visibility timeout expires."
            )
        messages = self._take(min(max_messages, room), draw)
        for message in messages:
            self._start_flight(message, timeout_s)
        deliveries = [self._delivery(message) for message in messages]
        if attempt_id is not None and messages:
            self._remember_attempt(attempt_id, messages)
        if timeout_s == 0:
            for message in messages:
                self._end_flight(message)
        return deliveries

    def _remember_attempt(self, attempt_id: str, messages: list[Message]) -> None:
        attempt = self.attempts.record(attempt_id, messages)
        self._around.witness.attempted(self, attempt_id, attempt)

    def burn_attempt(self, attempt_id: str) -> None:
        """A receive with this ReceiveRequestAttemptId was throttled."""
        burnt = self.attempts.burn(attempt_id)
        self._around.witness.attempted(self, attempt_id, burnt)

    def _take(self, limit: int, draw: Draw | None) -> list[Message]:
        redrive = self.attributes.redrive
        dead_letters = self._around.find_by_arn(redrive.target_arn) if redrive else None
        if redrive is None or dead_letters is None:
            return self.lives.ordering.take(limit, limits.UNLIMITED, draw).messages
        messages, spent = self.lives.ordering.take(limit, redrive.max_receive_count, draw)
        for message in spent:
            self._leave(message, "parked")
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
        message.visible_at_s = now_s + self.attributes.delay_s
        self._around.witness.parked(self, message)
        self._enter(message)

    def move_next(self, destination_of: Callable[[Message], "Queue"]) -> bool:
        """Move the next visible message to another queue; False when there is none.

        The message stays when `destination_of` raises SqsError, which is passed on.
        """
        self.settle()
        messages = self.lives.ordering.take(1, limits.UNLIMITED).messages
        if not messages:
            return False
        (message,) = messages
        try:
            destination = destination_of(message)
        except SqsError:
            self.lives.ordering.put_again(message)
            raise
        self._leave(message, "moved")
        destination.adopt(message)
        return True

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
        moved = self._new_message(outgoing, message.dedup_id)
        moved.visible_at_s += self.attributes.delay_s
        self._around.witness.adopted(self, moved)
        self._enter(moved)

    def _start_flight(self, message: Message, timeout_s: float) -> None:
        self.lives.start_flight(message, timeout_s)
        self.counters.received += 1
        self._around.witness.received(self, message)

    def _set_timeout(self, message: Message, timeout_s: float) -> None:
        self.lives.set_timeout(message, timeout_s)
        self._around.witness.changed(self, message)

    def _end_flight(self, message: Message) -> None:
        self.lives.end_flight(message)
        self._around.on_available(self)

    def _delivery(self, message: Message) -> Received:
        # Only where partitions count is the group's hash worth its price.
        is_partitioned = self.attributes.throughput is Throughput.PER_PARTITION
        group_hash = hash_of_group(message.group or "") if is_partitioned else 0
        handle = self._receipts.issue(message.order, message.receive_count, group_hash)
        return Received(message, handle)

    # What a receiver does next

    def delete(self, receipt_handle: str) -> None:
        """Delete the message; a message that is gone already counts as deleted.

        Raises ReceiptHandleIsInvalid for a handle that was never issued, and on a FIFO queue
        InvalidParameterValue once the visibility timeout of that receive has expired.
        """
        self.settle()
        receipt = self._receipts.read(receipt_handle)
        message = self.lives.store.get(receipt.order)
        if message is None:
            return
        is_latest = message.receive_count == receipt.receive_number
        if self.attributes.is_fifo:
            if not is_latest or message.state is not State.IN_FLIGHT:
                raise unusable(receipt_handle, HANDLE_EXPIRED)
        elif not is_latest:
            return  # AWS answers success and may not delete; the stricter reading never does
        self.counters.deleted += 1
        self._leave(message, "deleted")

    def change_visibility(self, receipt_handle: str, timeout_s: int) -> None:
        """Let the timeout of a message in flight end `timeout_s` from now; 0 releases it.

        As recorded from AWS, a standard queue takes any handle of the message, so an older one
        changes the newer receive; and once the timeout is over it answers success. Whether the
        message is hidden again then, AWS does not say: ours, the stricter reading, leaves it
        visible. Raises ReceiptHandleIsInvalid or InvalidParameterValue.
        """
        self.settle()
        receipt = self._receipts.read(receipt_handle)
        message = self.lives.store.get(receipt.order)
        if message is None:
            raise unusable(receipt_handle, NO_SUCH_MESSAGE)
        is_in_flight = message.state is State.IN_FLIGHT
        if self.attributes.is_fifo:
            if not is_in_flight or message.receive_count != receipt.receive_number:
                raise unusable(receipt_handle, HANDLE_EXPIRED)
        elif not is_in_flight:
            return
        check_total_visibility(self._clock.now_s() - message.received_s, timeout_s)
        self.lives.ordering.adjust(message)
        self._set_timeout(message, timeout_s)
        if timeout_s == 0:
            self._end_flight(message)

    def _leave(self, message: Message, why: str) -> None:
        self._around.witness.left(self, message, why)
        was_delayed = message.state is State.DELAYED
        self.lives.leave(message)
        if not was_delayed:  # it may have locked its group
            self._around.on_available(self)

    def message_of(self, receipt_handle: str) -> Message | None:
        """The message that the handle names; None when it names none."""
        receipt = self._receipts.find(receipt_handle)
        return self.lives.store.get(receipt.order) if receipt else None

    def group_of(self, receipt_handle: str) -> int | None:
        """The hash of the group that the handle names; None when it names none."""
        receipt = self._receipts.find(receipt_handle)
        return (receipt.group_hash or None) if receipt else None

    def next_group(self) -> int | None:
        """The hash of the group that a receive would return first; None when there is none."""
        self.settle()
        group = self.lives.ordering.next_group()
        return None if group is None else hash_of_group(group)

    # The queue as a whole

    def purge(self) -> None:
        """Remove all messages, also those in flight, and forget the deduplication ids.

        Raises PurgeQueueInProgress when the last purge is too recent.
        """
        now_s = self._clock.now_s()
        interval_s = self._around.limits.purge_interval_s
        if self.purged_s is not None and now_s - self.purged_s < interval_s:
            raise PurgeQueueInProgress(
                f"Only one PurgeQueue operation on {self.name} is allowed every "
                f"{interval_s:.0f} seconds."
            )
        self.purged_s = now_s
        self.settle()
        self.drop_messages()
        self.dedup.clear()
        self.attempts.clear()
        self._around.witness.purged(self)

    def drop_messages(self) -> None:
        for message in self.lives.store:
            message.state = State.GONE
            self._around.witness.left(self, message, "purged")
        self._forget_messages()

    def set_attributes(self, attributes: QueueAttributes) -> None:
        self.settle()
        delay_changed_by_s = attributes.delay_s - self.attributes.delay_s
        self.attributes = attributes
        self.modified_s = int(self._clock.wall_s())
        if self.attributes.is_fifo and delay_changed_by_s:
            # On FIFO queues the setting is retroactive: API SetQueueAttributes, DelaySeconds.
            for message in self.lives.shift_delays(delay_changed_by_s):
                self._around.witness.changed(self, message)
        self.settle()

    def settle(self) -> None:
        """Let happen what the passing of time has brought about."""
        now_s = self._clock.now_s()
        kept_since_s = now_s - self.attributes.retention_s
        if self.attempts.next_free_s <= now_s:
            self.attempts.forget_expired()
        if self.lives.is_due(now_s, kept_since_s):
            if self.lives.pass_to(now_s):
                self._around.on_available(self)
            for message in self.lives.expired(kept_since_s):
                self._leave(message, "expired")

    def has_available(self) -> bool:
        """Whether a receive would find a message now."""
        self.settle()
        return (
            self.lives.in_flight_count < self._around.limits.in_flight_max
            and self.lives.ordering.has_available()
        )

    def next_due_s(self) -> float:
        """When time alone may next make a message available; infinity when it will not."""
        return self.lives.next_due_s()

    def messages(self) -> list[Message]:
        """Every message, the oldest first."""
        self.settle()
        return sorted(self.lives.store, key=lambda message: message.order)

    def depth(self) -> Depth:
        self.settle()
        return self.lives.depth()

    def oldest_age_s(self) -> float | None:
        """ApproximateAgeOfOldestMessage; None when the queue has no message that counts."""
        self.settle()
        oldest = self.lives.store.oldest()
        return None if oldest is None else self._clock.now_s() - oldest.entered_s
