"""What a call that met a fault did all the same: the rows that the fault journal gets of it.

A delete does not say which message it deleted, nor a send that it repeated an earlier one, so both
are looked up before the call. In front of another SQS neither can be known.
"""

from typing import NamedTuple

from reference.cloud.sqs import sends
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.wire import Call, Params

_SENDS = {"SendMessage", "SendMessageBatch"}
_ALONE = ""  # the entry id of what is no batch


class Row(NamedTuple):
    """One way in which entries of a call ended."""

    stored: bool | None = None  # of a send
    absorbed: bool | None = None  # of a send that was stored: as a repeat, by deduplication
    dedup_ids: list[str] | None = None
    message_ids: list[str] | None = None


class Aftermath:
    """Made before the call."""

    def __init__(self, call: Call, queue: Queue | None) -> None:
        """`queue` is the one that the call names, when this process has it."""
        self._is_send = call.action in _SENDS
        self._entries = _entries(call)
        attributes = queue.attributes if queue else None
        self._dedup_ids = sends.dedup_ids(attributes, call.action, call.params)
        self._repeats = self._repeats_of(queue) if queue and self._is_send else set()
        self._named = [
            message.message_id
            for entry in self._entries.values()
            if queue and (handle := entry.get("ReceiptHandle")) is not None
            if (message := queue.message_of(handle)) is not None
        ]

    def _repeats_of(self, queue: Queue) -> set[str]:
        """Entries that repeat an earlier send, or an earlier entry."""
        found, seen = set(), set()
        for entry_id, dedup_id in self._dedup_ids.items():
            group = self._entries[entry_id].get("MessageGroupId", "")
            key = (dedup_id, group if queue.attributes.dedup_per_group else None)
            if key in seen or queue.dedup.find(dedup_id, group):
                found.add(entry_id)
            seen.add(key)
        return found

    def rows(self, result: Params) -> list[Row]:
        """`result` is empty when nothing was done."""
        if not self._is_send:
            received = [each["MessageId"] for each in result.get("Messages", ())]
            return [Row(message_ids=[*self._named, *received])]
        done = {each["Id"]: each["MessageId"] for each in result.get("Successful", ())}
        if "MessageId" in result:
            done[_ALONE] = result["MessageId"]
        ends: dict[tuple[bool, bool], list[str]] = {}
        for entry_id in self._entries:
            stored = entry_id in done
            ends.setdefault((stored, stored and entry_id in self._repeats), []).append(entry_id)
        return [
            Row(
                stored,
                absorbed,
                [self._dedup_ids[each] for each in entry_ids if each in self._dedup_ids],
                [done[each] for each in entry_ids if each in done],
            )
            for (stored, absorbed), entry_ids in sorted(ends.items(), reverse=True)
        ]


def _entries(call: Call) -> dict[str, Params]:
    if call.action.endswith("Batch"):
        return {entry["Id"]: entry for entry in call.params["Entries"]}
    return {_ALONE: call.params}
