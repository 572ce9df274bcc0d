"""Who is told what happens in the queues: the journal, and the log that survives restarts.

A witness is told before the caller is answered. It must not change anything.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reference.cloud.sqs.message import Message, Outgoing

if TYPE_CHECKING:
    from reference.cloud.sqs.attempts import Attempt
    from reference.cloud.sqs.dedup import FirstSend
    from reference.cloud.sqs.queue import Queue


class Witness:
    """Cares for nothing; a subclass overrides what it cares for."""

    def configured(self, queue: "Queue") -> None:
        """The queue was created, or its attributes or tags were changed."""

    def removed(self, queue: "Queue") -> None:
        """The queue was deleted; its messages were purged before."""

    def purged(self, queue: "Queue") -> None:
        """All messages were purged, each told before, and the deduplication ids forgotten."""

    def stored(self, queue: "Queue", message: Message) -> None:
        """A send was accepted. The first of all effects: when this raises, nothing happened."""

    def absorbed(
        self, queue: "Queue", outgoing: Outgoing, dedup_id: str, first: "FirstSend"
    ) -> None:
        """A send repeated an earlier one."""

    def parked(self, queue: "Queue", message: Message) -> None:
        """Another queue parked the message here, in its dead-letter queue."""

    def adopted(self, queue: "Queue", message: Message) -> None:
        """The message was moved here from a dead-letter queue, as a new one."""

    def received(self, queue: "Queue", message: Message) -> None:
        """The message is in flight until its `visible_at_s`."""

    def changed(self, queue: "Queue", message: Message) -> None:
        """Its `visible_at_s` was set anew."""

    def attempted(self, queue: "Queue", attempt_id: str, attempt: "Attempt") -> None:
        """A receive named a ReceiveRequestAttemptId."""

    def left(self, queue: "Queue", message: Message, why: str) -> None:
        """The message is no longer in this queue: deleted, parked, moved, expired or purged."""


class Witnesses(Witness):
    """Tells several, in order."""

    def __init__(self, witnesses: Sequence[Witness]) -> None:
        self._witnesses = tuple(witnesses)

    def configured(self, queue: "Queue") -> None:
        for each in self._witnesses:
            each.configured(queue)

    def removed(self, queue: "Queue") -> None:
        for each in self._witnesses:
            each.removed(queue)

    def purged(self, queue: "Queue") -> None:
        for each in self._witnesses:
            each.purged(queue)

    def stored(self, queue: "Queue", message: Message) -> None:
        for each in self._witnesses:
            each.stored(queue, message)

    def absorbed(
        self, queue: "Queue", outgoing: Outgoing, dedup_id: str, first: "FirstSend"
    ) -> None:
        for each in self._witnesses:
            each.absorbed(queue, outgoing, dedup_id, first)

    def parked(self, queue: "Queue", message: Message) -> None:
        for each in self._witnesses:
            each.parked(queue, message)

    def adopted(self, queue: "Queue", message: Message) -> None:
        for each in self._witnesses:
            each.adopted(queue, message)

    def received(self, queue: "Queue", message: Message) -> None:
        for each in self._witnesses:
            each.received(queue, message)

    def changed(self, queue: "Queue", message: Message) -> None:
        for each in self._witnesses:
            each.changed(queue, message)

    def attempted(self, queue: "Queue", attempt_id: str, attempt: "Attempt") -> None:
        for each in self._witnesses:
            each.attempted(queue, attempt_id, attempt)

    def left(self, queue: "Queue", message: Message, why: str) -> None:
        for each in self._witnesses:
            each.left(queue, message, why)
