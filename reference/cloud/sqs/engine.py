"""All queues of one account and region; pure, on whatever clock it is given.

    engine = Engine(VirtualClock())
    queue = engine.create_queue("mail.fifo", {"FifoQueue": "true"})

The server, the simulator and the property tests run this same engine.
"""

import os
from collections.abc import Callable, Iterator, Mapping

from reference.clock import Clock
from reference.cloud.sqs.attributes import QueueAttributes
from reference.cloud.sqs.checks import check_queue_name, check_tags, shown
from reference.cloud.sqs.errors import (
    InvalidParameterValue,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
)
from reference.cloud.sqs.ids import unique_ids
from reference.cloud.sqs.limits import STRICT, Limits
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.receipts import ReceiptBook
from reference.cloud.sqs.surroundings import Surroundings
from reference.cloud.sqs.witness import Witness

ACCOUNT_ID = "000000000000"
# Sequence numbers have 20 digits, as AWS's have. Counting nanoseconds keeps them rising across
# restarts of a server that keeps its journal.
_FIRST_ORDER = 10**19
RECEIPT_KEY_BYTES = 32


def _ignore(queue: Queue) -> None:
    del queue


class Engine:
    """Queues by name."""

    def __init__(
        self,
        clock: Clock,
        *,
        limits: Limits = STRICT,
        witness: Witness | None = None,
        region: str = "us-east-1",
        account_id: str = ACCOUNT_ID,
        new_message_id: Callable[[], str] | None = None,
        receipt_key: bytes | None = None,
        on_available: Callable[[Queue], None] = _ignore,
    ) -> None:
        self.region = region
        self.account_id = account_id
        self.limits = limits
        self._clock = clock
        self._receipt_key = receipt_key or os.urandom(RECEIPT_KEY_BYTES)
        self._queues: dict[str, Queue] = {}
        self._deleted_s: dict[str, float] = {}
        self.last_order = _FIRST_ORDER + int(clock.wall_s() * 1e9)
        self._around = Surroundings(
            clock=clock,
            limits=limits,
            witness=witness or Witness(),
            next_order=self._next_order,
            new_message_id=new_message_id or unique_ids(),
            find_by_arn=self.find_by_arn,
            on_available=on_available,
        )

    def __iter__(self) -> Iterator[Queue]:
        return iter(list(self._queues.values()))

    def _next_order(self) -> int:
        self.last_order += 1
        return self.last_order

    def resume_after(self, order: int) -> None:
        """Begin with places after this one, though the wall clock was set back."""
        self.last_order = max(self.last_order, order)

    def create_queue(
        self,
        name: str,
        attributes: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Queue:
        """Create a queue, or return the one that has this name and these attributes.

        Raises QueueNameExists, QueueDeletedRecently, InvalidParameterValue,
        InvalidAttributeName or InvalidAttributeValue.
        """
        wanted = attributes or {}
        made = QueueAttributes.create(wanted)
        check_queue_name(name, is_fifo=made.is_fifo)
        check_tags(tags or {})
        if (existing := self._queues.get(name)) is not None:
            _check_same(existing, wanted)
            return existing
        now_s, pause_s = self._clock.now_s(), self.limits.recreate_interval_s
        if now_s - self._deleted_s.get(name, float("-inf")) < pause_s:
            raise QueueDeletedRecently(
                f"You must wait {pause_s:.0f} seconds after deleting a queue before you can "
                "create another with the same name."
            )
        self._check_redrive(made, self._arn(name))
        queue = self.restore_queue(name, made, tags or {})
        self._around.witness.configured(queue)
        return queue

    def restore_queue(
        self, name: str, attributes: QueueAttributes, tags: Mapping[str, str]
    ) -> Queue:
        """Add a queue that was checked before."""
        receipts = ReceiptBook(self._receipt_key, name)
        queue = Queue(name, self._arn(name), attributes, receipts, self._around)
        queue.tags = dict(tags)
        self._queues[name] = queue
        return queue

    def find(self, name: str) -> Queue | None:
        return self._queues.get(name)

    def queue(self, name: str) -> Queue:
        """Raises QueueDoesNotExist."""
        try:
            return self._queues[name]
        except KeyError:
            raise QueueDoesNotExist("The specified queue does not exist.") from None

    def find_by_arn(self, arn: str) -> Queue | None:
        queue = self._queues.get(arn.rpartition(":")[2])
        return queue if queue is not None and queue.arn == arn else None

    def set_attributes(self, name: str, wanted: Mapping[str, str]) -> None:
        """Raises QueueDoesNotExist and what QueueAttributes.changed raises."""
        queue = self.queue(name)
        made = queue.attributes.changed(wanted)
        if "RedrivePolicy" in wanted:
            self._check_redrive(made, queue.arn)
        queue.set_attributes(made)
        self._around.witness.configured(queue)

    def set_tags(self, queue: Queue, tags: Mapping[str, str]) -> None:
        """Raises InvalidParameterValue."""
        check_tags(tags)
        queue.tags = dict(tags)
        self._around.witness.configured(queue)

    def delete_queue(self, name: str) -> None:
        """Raises QueueDoesNotExist."""
        queue = self.queue(name)
        queue.drop_messages()
        self._around.witness.removed(queue)
        del self._queues[name]
        self._deleted_s[name] = self._clock.now_s()

    def deleted_s(self) -> dict[str, float]:
        """Names that cannot be used again yet, and when their queues were deleted."""
        since_s = self._clock.now_s() - self.limits.recreate_interval_s
        self._deleted_s = {name: at_s for name, at_s in self._deleted_s.items() if at_s > since_s}
        return dict(self._deleted_s)

    def restore_deletion(self, name: str, at_s: float) -> None:
        self._deleted_s[name] = at_s

    def dead_letter_sources(self, dead_letters: Queue) -> list[Queue]:
        return [
            queue
            for queue in self._queues.values()
            if queue.attributes.redrive and queue.attributes.redrive.target_arn == dead_letters.arn
        ]

    def _arn(self, name: str) -> str:
        return f"arn:aws:sqs:{self.region}:{self.account_id}:{name}"

    def _check_redrive(self, attributes: QueueAttributes, arn: str) -> None:
        if attributes.redrive is None:
            return
        target = self.find_by_arn(attributes.redrive.target_arn)
        if target is None:
            reason = "Dead letter target does not exist."
        elif target.attributes.is_fifo != attributes.is_fifo:
            reason = "Dead-letter queue must be same type of queue as the source queue."
        elif not target.attributes.redrive_allow.allows(arn):
            reason = "The dead-letter queue's RedriveAllowPolicy does not allow this source queue."
        else:
            return
        text = shown(attributes.texts["RedrivePolicy"])
        raise InvalidParameterValue(
            f"Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}"
        )


def _check_same(queue: Queue, wanted: Mapping[str, str]) -> None:
    for name, text in wanted.items():
        if queue.attributes.texts.get(name, "") != text:
            raise QueueNameExists(
                "A queue already exists with the same name and a different value for attribute "
                f"{name}"
            )
