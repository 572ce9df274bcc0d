"""The records with which a log begins: what is there, without how it came about."""

from collections.abc import Iterator

from reference.cloud.sqs.attempts import Attempt
from reference.cloud.sqs.dedup import DedupKey
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.message import Message
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.records import (
    VERSION,
    Record,
    WallTime,
    attempt_record,
    first_send_record,
    message_record,
    queue_record,
)


def snapshot(engine: Engine, receipt_key: bytes, wall: WallTime) -> Iterator[Record]:
    """Records of what is there now, made only as they are taken.

    So a message that changes meanwhile appears as it is then, and what is gone by then does not
    appear: with a record of everything that happened since, they add up to what is there.
    """
    heads: list[Record] = [
        {
            "e": "start",
            "version": VERSION,
            "key": receipt_key.hex(),
            "last_order": engine.last_order,
        }
    ]
    for name, at_s in engine.deleted_s().items():
        heads.append({"e": "deleted", "q": name, "at_s": wall.of(at_s)})
    parts = []
    for queue in engine:
        heads.append(queue_record(queue, wall))
        messages = list(queue.lives.store)
        parts.append(_of_queue(queue, queue.dedup.keys(), queue.attempts.recent(), messages, wall))
    return _chain(heads, parts)


def _chain(heads: list[Record], parts: list[Iterator[Record]]) -> Iterator[Record]:
    yield from heads
    while parts:
        # What is done is let go of: the lists hold every message.
        yield from parts.pop()


def _of_queue(
    queue: Queue,
    dedup_keys: list[DedupKey],
    attempts: list[tuple[str, Attempt]],
    messages: list[Message],
    wall: WallTime,
) -> Iterator[Record]:
    for key in dedup_keys:
        if (first := queue.dedup.first_send(key)) is not None:
            yield first_send_record(queue, key, first, wall)
    for attempt_id, attempt in attempts:
        yield attempt_record(queue, attempt_id, attempt, wall)
    for message in messages:
        if queue.lives.store.get(message.order) is message:  # it may have left meanwhile
            record = message_record(queue, message, wall)
            if queue.lives.ordering.is_last_set(message):
                record["last_set"] = True
            yield record
