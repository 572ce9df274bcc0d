"""The queue's journal: the ground truth of what was stored, delivered, deleted and parked.

One row an event, before the caller hears of it: at_s, event (stored, absorbed, received, deleted,
parked, expired, purged), queue, message_id, dedup_id, group, sequence, receive_count,
body_sha256. An `absorbed` row names the message that was sent first and digests the body that was
dropped, so an auditor sees whether they were the same email. A `parked` row's queue is the source.
"""

import hashlib

from reference.clock import Clock
from reference.cloud.sqs.dedup import FirstSend
from reference.cloud.sqs.message import Message, Outgoing
from reference.journal import Journal


class QueueLedger:
    """Writes rows; with no journal it costs next to nothing."""

    def __init__(self, clock: Clock, journal: Journal | None = None) -> None:
        self._clock = clock
        self._journal = journal

    def stored(self, queue: str, message: Message) -> None:
        if self._journal is not None:
            self._write("stored", queue, message, body_sha256=_sha256(message.body))

    def absorbed(self, queue: str, outgoing: Outgoing, dedup_id: str, first: FirstSend) -> None:
        if self._journal is not None:
            self._journal.write(
                at_s=self._clock.now_s(),
                event="absorbed",
                queue=queue,
                message_id=first.message_id,
                dedup_id=dedup_id,
                group=outgoing.group,
                sequence=f"{first.order:020d}",
                receive_count=None,
                body_sha256=_sha256(outgoing.body),
            )

    def event(self, event: str, queue: str, message: Message) -> None:
        """For received, deleted, parked, expired and purged."""
        if self._journal is not None:
            self._write(event, queue, message, body_sha256=None)

    def _write(self, event: str, queue: str, message: Message, *, body_sha256: str | None) -> None:
        assert self._journal is not None
        self._journal.write(
            at_s=self._clock.now_s(),
            event=event,
            queue=queue,
            message_id=message.message_id,
            dedup_id=message.dedup_id,
            group=message.group,
            sequence=message.sequence_number,
            receive_count=message.total_receive_count,
            body_sha256=body_sha256,
        )


def _sha256(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
