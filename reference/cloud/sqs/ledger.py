"""The queue's journal: the ground truth of what was stored, delivered, deleted and parked.

One row an event, before the caller hears of it: at_s, event (stored, absorbed, received, deleted,
parked, moved, expired, purged), queue, message_id, dedup_id, group, sequence, receive_count,
body_sha256. An `absorbed` row names the message that was sent first and digests the body that was
dropped, so an auditor sees whether they were the same email. The queue of a `parked` or `moved`
row is the one that the message left.
"""

import hashlib
from typing import TYPE_CHECKING

from reference.clock import Clock
from reference.cloud.sqs.dedup import FirstSend
from reference.cloud.sqs.message import Message, Outgoing, sequence_number
from reference.cloud.sqs.witness import Witness
from reference.journal import Journal

if TYPE_CHECKING:
    from reference.cloud.sqs.queue import Queue


class QueueLedger(Witness):
    """Writes rows to a journal."""

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self._clock = clock
        self._journal = journal

    def stored(self, queue: "Queue", message: Message) -> None:
        self._write("stored", queue, message, body_sha256=_sha256(message.body))

    def adopted(self, queue: "Queue", message: Message) -> None:
        self._write("stored", queue, message, body_sha256=_sha256(message.body))

    def absorbed(self, queue: "Queue", outgoing: Outgoing, dedup_id: str, first: FirstSend) -> None:
        self._journal.write(
            at_s=self._clock.now_s(),
            event="absorbed",
            queue=queue.name,
            message_id=first.message_id,
            dedup_id=dedup_id,
            group=outgoing.group,
            sequence=sequence_number(first.order),
            receive_count=None,
            body_sha256=_sha256(outgoing.body),
        )

    def received(self, queue: "Queue", message: Message) -> None:
        self._write("received", queue, message, body_sha256=None)

    def left(self, queue: "Queue", message: Message, why: str) -> None:
        self._write(why, queue, message, body_sha256=None)

    def _write(
        self, event: str, queue: "Queue", message: Message, *, body_sha256: str | None
    ) -> None:
        self._journal.write(
            at_s=self._clock.now_s(),
            event=event,
            queue=queue.name,
            message_id=message.message_id,
            dedup_id=message.dedup_id,
            group=message.group,
            sequence=sequence_number(message.order),
            receive_count=message.total_receive_count,
            body_sha256=body_sha256,
        )


def _sha256(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
