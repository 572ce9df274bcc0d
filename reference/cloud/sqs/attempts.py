"""ReceiveRequestAttemptId: a receive whose answer was lost can be asked for again.

Within five minutes the same id returns the same messages and handles and starts their visibility
timeout anew, unless one of them was deleted, changed or became visible meanwhile; then the id
counts for nothing and the call is a new receive (our reading: AWS does not say).
Source: API ReceiveMessage, ReceiveRequestAttemptId.
"""

from collections import OrderedDict
from typing import NamedTuple

from reference.clock import Clock
from reference.cloud.sqs.limits import RECEIVE_ATTEMPT_INTERVAL_S
from reference.cloud.sqs.message import Message, State


class _Attempt(NamedTuple):
    at_s: float
    deliveries: list[tuple[Message, int, float]]  # receive number and deadline as given out


class ReceiveAttempts:
    """The recent attempts of one FIFO queue, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempts: OrderedDict[str, _Attempt] = OrderedDict()

    def record(self, attempt_id: str, messages: list[Message]) -> None:
        self._attempts.pop(attempt_id, None)
        self._attempts[attempt_id] = _Attempt(
            self._clock.now_s(), [(m, m.receive_count, m.visible_at_s) for m in messages]
        )

    def replay(self, attempt_id: str) -> list[Message]:
        """The messages that this attempt returned before; empty when it is a new receive."""
        self._forget_expired()
        attempt = self._attempts.get(attempt_id)
        if attempt is None:
            return []
        for message, receive_number, deadline_s in attempt.deliveries:
            if (
                message.state is not State.IN_FLIGHT
                or message.receive_count != receive_number
                or message.visible_at_s != deadline_s
            ):
                del self._attempts[attempt_id]
                return []
        return [message for message, _, _ in attempt.deliveries]

    def clear(self) -> None:
        self._attempts.clear()

    def _forget_expired(self) -> None:
        oldest_s = self._clock.now_s() - RECEIVE_ATTEMPT_INTERVAL_S
        while self._attempts and next(iter(self._attempts.values())).at_s <= oldest_s:
            self._attempts.popitem(last=False)
