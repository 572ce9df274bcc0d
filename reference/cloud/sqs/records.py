"""The log's records: queues, messages and deduplication ids as JSON lines, each with a checksum.

    <crc32 of the rest, 8 hexadecimal digits> {"e": "stored", ...}\n

Times are wall-clock seconds, as a restart begins a new monotonic clock.
"""

import base64
import zlib
from typing import Any

import orjson

from reference.clock import Clock
from reference.cloud.sqs.attempts import Attempt, Delivered
from reference.cloud.sqs.dedup import DedupKey, FirstSend
from reference.cloud.sqs.message import Message, MessageAttribute, Outgoing
from reference.cloud.sqs.queue import Queue

Record = dict[str, Any]

# 2: purges and deletions tell their time, attempts, rewrites that overlap with what happens.
# 3: messages leave out what they do not have.
VERSION = 3


class TornRecordError(Exception):
    """A line is not what was written."""


def encode(record: Record) -> bytes:
    text = orjson.dumps(record)
    return b"%08x %b\n" % (zlib.crc32(text), text)


def decode(line: bytes) -> Record:
    """Raises TornRecordError."""
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    try:
        is_whole = line.endswith(b"\n") and int(checksum, 16) == zlib.crc32(text)
        record = orjson.loads(text) if is_whole else None
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise TornRecordError
    return record


class WallTime:
    """Between a clock's own seconds and the wall's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s = clock.wall_s() - clock.now_s()

    def now_s(self) -> float:
        return self.of(self._clock.now_s())

    def of(self, clock_s: float) -> float:
        return clock_s + self._offset_s

    def back(self, wall_s: float) -> float:
        return wall_s - self._offset_s

    def past(self, wall_s: float) -> float:
        """For what has happened: never later than now, though the wall clock was set back."""
        return min(self.back(wall_s), self._clock.now_s())


def queue_record(queue: Queue, wall: WallTime) -> Record:
    return {
        "e": "queue",
        "q": queue.name,
        "attributes": queue.attributes.texts,
        "tags": queue.tags,
        "created_s": queue.created_s,
        "modified_s": queue.modified_s,
        "purged_s": None if queue.purged_s is None else wall.of(queue.purged_s),
    }


def message_record(queue: Queue, message: Message, wall: WallTime) -> Record:
    """What a new, plain message does not have is left out, as most are new and plain."""
    record: Record = {
        "e": "message",
        "q": queue.name,
        "order": message.order,
        "group": message.group,
        "id": message.message_id,
        "body": message.body,
        "dedup_id": message.dedup_id,
        "sent_ms": message.sent_ms,
        "enqueued_s": wall.of(message.enqueued_s),
        "visible_at_s": wall.of(message.visible_at_s),
    }
    if message.receive_count:
        record = {**flight_record(queue, message, wall), **record}
    elif message.first_received_ms is not None:  # from the queue that parked it here
        record["first_received_ms"] = message.first_received_ms
    if message.attributes:
        record["attributes"] = {
            name: [data_type, base64.b64encode(value).decode(), 1]
            if isinstance(value, bytes)
            else [data_type, value, 0]
            for name, (data_type, value) in message.attributes.items()
        }
    if message.trace_header is not None:
        record["trace"] = message.trace_header
    if message.entered_s != message.enqueued_s:
        record["entered_s"] = wall.of(message.entered_s)
    if message.source_arn is not None:
        record["source"] = message.source_arn
    if message.receives_elsewhere:
        record["receives_elsewhere"] = message.receives_elsewhere
    return record


def flight_record(queue: Queue, message: Message, wall: WallTime) -> Record:
    """What receiving and changing the visibility change."""
    return {
        "e": "flight",
        "q": queue.name,
        "order": message.order,
        "group": message.group,
        "receives": message.receive_count,
        "received_s": wall.of(message.received_s),
        "first_received_ms": message.first_received_ms,
        "visible_at_s": wall.of(message.visible_at_s),
    }


def message_of(record: Record, wall: WallTime) -> Message:
    attributes = {
        name: MessageAttribute(data_type, base64.b64decode(value) if is_binary else value)
        for name, (data_type, value, is_binary) in record.get("attributes", {}).items()
    }
    outgoing = Outgoing(
        record["body"],
        0,
        record["group"],
        record["dedup_id"],
        attributes=attributes or None,
        trace_header=record.get("trace"),
    )
    enqueued_s: float = record["enqueued_s"]
    message = Message(
        outgoing,
        record["dedup_id"],
        message_id=record["id"],
        order=record["order"],
        now_s=wall.past(enqueued_s),
        wall_ms=record["sent_ms"],
    )
    message.entered_s = wall.past(record.get("entered_s", enqueued_s))
    message.receives_elsewhere = record.get("receives_elsewhere", 0)
    message.source_arn = record.get("source")
    message.receive_count = record.get("receives", 0)
    if message.receive_count:
        message.received_s = wall.past(record["received_s"])
    message.first_received_ms = record.get("first_received_ms")
    message.visible_at_s = wall.back(record["visible_at_s"])
    return message


def first_send_record(queue: Queue, key: DedupKey, first: FirstSend, wall: WallTime) -> Record:
    return {
        "e": "id",
        "q": queue.name,
        "key": key,
        "id": first.message_id,
        "order": first.order,
        "sent_s": wall.of(first.sent_s),
    }


def first_send_of(record: Record, wall: WallTime) -> tuple[DedupKey, FirstSend]:
    key = record["key"] if isinstance(record["key"], str) else tuple(record["key"])
    first = FirstSend(record["id"], record["order"], wall.past(record["sent_s"]))
    return key, first


def attempt_record(queue: Queue, attempt_id: str, attempt: Attempt, wall: WallTime) -> Record:
    return {
        "e": "attempt",
        "q": queue.name,
        "id": attempt_id,
        "at_s": wall.of(attempt.at_s),
        "delivered": [
            [order, number, wall.of(until_s)] for order, number, until_s in attempt.delivered
        ],
    }


def attempt_of(record: Record, wall: WallTime) -> tuple[str, Attempt]:
    delivered = (
        Delivered(order, number, wall.back(until_s))
        for order, number, until_s in record["delivered"]
    )
    return record["id"], Attempt(wall.past(record["at_s"]), tuple(delivered))
