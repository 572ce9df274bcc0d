"""FIFO deduplication: the first send of an id counts, repeats are absorbed for five minutes.

SQS *accepts* a repeat, and tracks the id even after the message was received and deleted, so
this window knows nothing of message lifetimes; `queue.py` owns those.
Source: AWS SQS Developer Guide, FIFO-key-terms.html. Where AWS is silent we chose: a repeat
does not prolong the interval, at exactly 300 s the id is free again, and a repeat is answered
with the sequence number of the first send too.
"""

import hashlib
from collections import OrderedDict
from typing import NamedTuple

from reference.clock import Clock
from reference.cloud.sqs.attributes import QueueAttributes
from reference.cloud.sqs.checks import invalid_token, is_token
from reference.cloud.sqs.errors import InvalidParameterValue, MissingParameter
from reference.cloud.sqs.limits import DEDUP_INTERVAL_S
from reference.cloud.sqs.message import Outgoing

NO_DEDUP_ID = (
    "The queue should either have ContentBasedDeduplication enabled or "
    "MessageDeduplicationId provided explicitly"
)

# The id alone under DeduplicationScope=queue, with its group under messageGroup.
DedupKey = str | tuple[str, str]


def dedup_key(dedup_id: str, group: str | None) -> DedupKey:
    """`group` only under DeduplicationScope=messageGroup."""
    return dedup_id if group is None else (group, dedup_id)


class FirstSend(NamedTuple):
    message_id: str
    order: int
    sent_s: float


class DedupWindow:
    """One queue's deduplication ids, oldest first; bounded by one interval's sends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # OrderedDict, not dict: a dict rescans its deleted slots on every pop from the front.
        # What is kept becomes a FirstSend when somebody asks, which is seldom: a plain tuple
        # costs a tenth.
        self._first_sends: OrderedDict[DedupKey, tuple[str, int, float]] = OrderedDict()
        self._has_keys_by_group = False
        self._next_free_s = float(
            "-inf"
        )  # no id is free again before; every send asks, mostly in vain

    def __len__(self) -> int:
        return len(self._first_sends)

    def find(self, dedup_id: str, group: str) -> FirstSend | None:
        """The send that this one repeats, if there is one.

        Both scopes are looked up whatever the queue's scope is now: AWS does not re-scope ids
        that were sent before the scope was changed.
        """
        now_s = self._clock.now_s()
        if now_s >= self._next_free_s:
            self._forget_expired(now_s)
        first = self._first_sends.get(dedup_id)
        if first is None and self._has_keys_by_group:
            first = self._first_sends.get((group, dedup_id))
        return None if first is None else FirstSend(*first)

    def record(self, key: DedupKey, first: tuple[str, int, float]) -> None:
        """Remember a FirstSend, of which the plain tuple is enough; the oldest first."""
        if isinstance(key, tuple):
            self._has_keys_by_group = True
        self._first_sends[key] = first

    def restore(self, key: DedupKey, first: FirstSend) -> None:
        """Put back an id as it was before a restart; the oldest first."""
        self._first_sends.pop(key, None)  # a later send of the same id takes a later place
        self.record(key, first)

    def keys(self) -> list[DedupKey]:
        """The ids that still count, oldest first."""
        self._forget_expired(self._clock.now_s())
        return list(self._first_sends)

    def first_send(self, key: DedupKey) -> FirstSend | None:
        """None when the id was forgotten meanwhile."""
        first = self._first_sends.get(key)
        return None if first is None else FirstSend(*first)

    def clear(self) -> None:
        """What PurgeQueue does."""
        self._first_sends.clear()

    def _forget_expired(self, now_s: float) -> None:
        # Insertion order is age order, so the expired ids are a prefix: O(1) amortised.
        while self._first_sends and now_s >= self._next_free_s:
            key, (_, _, sent_s) = next(iter(self._first_sends.items()))
            assert now_s >= sent_s, f"clock went back {sent_s - now_s} s"
            self._next_free_s = sent_s + DEDUP_INTERVAL_S
            if now_s >= self._next_free_s:
                del self._first_sends[key]


def effective_dedup_id(attributes: QueueAttributes, outgoing: Outgoing) -> str | None:
    """The id under which a queue deduplicates the message; None on a standard queue.

    Raises InvalidParameterValue or MissingParameter when the queue's type does not take it.
    """
    if not attributes.is_fifo:
        if outgoing.dedup_id is not None:
            raise InvalidParameterValue(
                "The request includes a parameter that is not valid for this queue type. "
                "Reason: MessageDeduplicationId is for FIFO queues."
            )
        return None
    if outgoing.group is None:
        raise MissingParameter("The request must contain the parameter MessageGroupId.")
    if outgoing.delay_s:
        raise InvalidParameterValue(
            f"Value {outgoing.delay_s} for parameter DelaySeconds is invalid. Reason: The "
            "request include parameter that is not valid for this queue type."
        )
    if outgoing.dedup_id is not None:
        if not is_token(outgoing.dedup_id):
            raise invalid_token("MessageDeduplicationId", outgoing.dedup_id)
        return outgoing.dedup_id
    if attributes.content_based_dedup:
        return hashlib.sha256(outgoing.body.encode()).hexdigest()
    raise InvalidParameterValue(NO_DEDUP_ID)
