"""ReceiveRequestAttemptId: a receive whose answer was lost can be asked for again.

Within five minutes the same id returns the same messages and handles and starts their visibility
timeout anew, unless one of them was deleted, changed or became visible meanwhile; then the id
counts for nothing and the call is a new receive (our reading: AWS does not say). The id of a
throttled receive is burnt: for five minutes (ours) it is refused.
Sources: API ReceiveMessage, ReceiveRequestAttemptId; awslabs/amazon-sqs-java-messaging-lib#213.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from reference.clock import Clock
from reference.cloud.sqs.checks import shown
from reference.cloud.sqs.errors import InvalidParameterValue
from reference.cloud.sqs.limits import RECEIVE_ATTEMPT_INTERVAL_S
from reference.cloud.sqs.message import Message, State


class Delivered(NamedTuple):
    """A message as it was given out; by its place, as it may be gone long before the attempt."""

    order: int
    receive_number: int
    until_s: float


class Attempt(NamedTuple):
    at_s: float
    delivered: tuple[Delivered, ...]  # none when the id is burnt


class ReceiveAttempts:
    """The recent attempts of one FIFO queue, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempts: OrderedDict[str, Attempt] = OrderedDict()
        self.next_free_s = float("inf")  # there is nothing to forget before

    def record(self, attempt_id: str, messages: Sequence[Message]) -> Attempt:
        delivered = tuple(Delivered(m.order, m.receive_count, m.visible_at_s) for m in messages)
        return self.restore(attempt_id, Attempt(self._clock.now_s(), delivered))

    def burn(self, attempt_id: str) -> Attempt:
        """The receive of this id was throttled."""
        return self.record(attempt_id, ())

    def restore(self, attempt_id: str, attempt: Attempt) -> Attempt:
        """Put back an attempt as it was before a restart; the oldest first."""
        self._attempts.pop(attempt_id, None)  # a later one takes a later place
        self._attempts[attempt_id] = attempt
        self.next_free_s = min(self.next_free_s, attempt.at_s + RECEIVE_ATTEMPT_INTERVAL_S)
        return attempt

    def replay(self, attempt_id: str, find: Callable[[int], Message | None]) -> list[Message]:
        """The messages that this attempt returned before; empty when it is a new receive.

        `find` knows the queue's messages by their places. Raises InvalidParameterValue for a
        burnt id.
        """
        attempt = self._attempts.get(attempt_id)
        if attempt is None:
            return []
        if not attempt.delivered:
            raise InvalidParameterValue(
                f"Value {shown(attempt_id)} for parameter ReceiveRequestAttemptId is invalid. "
                "Reason: The receiveRequestAttemptId is not valid anymore."
            )
        messages = []
        for order, receive_number, until_s in attempt.delivered:
            message = find(order)
            if (
                message is None
                or message.state is not State.IN_FLIGHT
                or message.receive_count != receive_number
                or message.visible_at_s != until_s
            ):
                del self._attempts[attempt_id]
                return []
            messages.append(message)
        return messages

    def recent(self) -> list[tuple[str, Attempt]]:
        """The attempts that still count, oldest first."""
        self.forget_expired()
        return list(self._attempts.items())

    def clear(self) -> None:
        self._attempts.clear()

    def forget_expired(self) -> None:
        oldest_s = self._clock.now_s() - RECEIVE_ATTEMPT_INTERVAL_S
        while self._attempts:
            at_s = next(iter(self._attempts.values())).at_s
            if at_s > oldest_s:
                self.next_free_s = at_s + RECEIVE_ATTEMPT_INTERVAL_S
                return
            self._attempts.popitem(last=False)
        self.next_free_s = float("inf")
