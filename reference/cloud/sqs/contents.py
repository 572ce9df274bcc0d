"""Reading a log: the state that its records add up to.

Damage and nonsense are told apart. A record whose checksum fails is damage: at the end it is the
tail of a last write, which is cut off; before whole records it is a failing disk, and the log is
refused. A whole record that refers to something unknown is left out and counted; it never costs
the rest of the log.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from reference.cloud.sqs.engine import RECEIPT_KEY_BYTES
from reference.cloud.sqs.records import VERSION, Record, TornRecordError, decode


class DataError(Exception):
    """The data directory cannot be used; the message says why."""


class Recovered(NamedTuple):
    """What opening a log found."""

    queues: int
    messages: int
    torn_bytes: int = 0
    unknown: tuple[str, ...] = ()  # places of records that refer to something unknown

    def __str__(self) -> str:
        text = f"found {self.queues} queues with {self.messages} messages"
        if self.torn_bytes:
            text += f" and cut off a torn tail of {self.torn_bytes} bytes"
        if self.unknown:
            text += (
                f" and left out {len(self.unknown)} records that refer to something unknown, "
                f"the first at {self.unknown[0]}"
            )
        return text


class Contents:
    """Queues, messages and what else lasts, as records."""

    def __init__(self) -> None:
        self.receipt_key = os.urandom(RECEIPT_KEY_BYTES)
        self.queues: dict[str, Record] = {}
        self.messages: dict[str, dict[int, Record]] = {}
        self.first_sends: dict[str, list[Record]] = {}
        self.attempts: dict[str, list[Record]] = {}
        # By queue and group: the place of the message whose visibility timeout was set last.
        self.last_set: dict[tuple[str, str], int] = {}
        self.deleted_s: dict[str, float] = {}
        self.last_order = 0
        self._torn_bytes = 0
        self._unknown: list[str] = []
        self._is_overlap = False
        self._apply: dict[str, Callable[[Record], None]] = {
            "start": self._start,
            "queue": self._queue,
            "removed": self._removed,
            "deleted": self._deleted,
            "purged": self._purged,
            "forgot": self._forgot,
            "message": self._message,
            "flight": self._flight,
            "left": self._left,
            "id": self._id,
            "attempt": self._attempt,
            "overlap": self._overlap,
            "whole": self._whole,
        }

    def found(self) -> Recovered:
        messages = sum(map(len, self.messages.values()))
        return Recovered(len(self.queues), messages, self._torn_bytes, tuple(self._unknown))

    def read(self, path: Path) -> None:
        """Raises DataError when it is no log, of a later version, or damaged before its tail."""
        offset = 0
        with path.open("rb") as log:
            for number, line in enumerate(log, start=1):
                try:
                    record = decode(line)
                except TornRecordError:
                    # Only the last write can be torn, and the first line never was one.
                    if number == 1 or any(_is_whole(later) for later in log):
                        raise DataError(
                            f"{path}:{number}: damaged in the middle; restore it from a copy or "
                            "move it away to start empty"
                        ) from None
                    self._torn_bytes = path.stat().st_size - offset
                    return
                if number == 1:
                    _check_first(record, path)
                self._add(record, f"{path.name}:{number}")
                offset += len(line)

    def _add(self, record: Record, place: str) -> None:
        try:
            self._apply[record["e"]](record)
        except (LookupError, TypeError, ValueError):
            # Where a rewrite overlaps with what happened during it, effects precede their causes.
            if not self._is_overlap:
                self._unknown.append(place)

    def _start(self, record: Record) -> None:
        self.receipt_key = bytes.fromhex(record["key"])
        self.last_order = record["last_order"]

    def _queue(self, record: Record) -> None:
        name = record["q"]
        self.queues[name] = record
        self.messages.setdefault(name, {})
        self.first_sends.setdefault(name, [])
        self.attempts.setdefault(name, [])
        self.deleted_s.pop(name, None)

    def _removed(self, record: Record) -> None:
        name = record["q"]
        del self.queues[name], self.messages[name], self.first_sends[name], self.attempts[name]
        if "at_s" in record:
            self._deleted(record)

    def _deleted(self, record: Record) -> None:
        self.deleted_s[record["q"]] = record["at_s"]

    def _purged(self, record: Record) -> None:
        self._forgot(record)
        self.queues[record["q"]]["purged_s"] = record["at_s"]
        self.messages[record["q"]].clear()
        self.attempts[record["q"]].clear()

    def _forgot(self, record: Record) -> None:
        self.first_sends[record["q"]].clear()

    def _message(self, record: Record) -> None:
        name, order = record["q"], record["order"]
        departed, key = record.pop("from", None), record.pop("key", None)
        self.messages[name][order] = record
        self.last_order = max(self.last_order, order)
        if record.pop("last_set", False):
            self.last_set[name, record["group"]] = order
        if departed is not None:
            source, place = departed
            self.messages.get(source, {}).pop(place, None)
        if key is not None:
            # No more than needed: the record would keep the body for five minutes.
            first = {"id": record["id"], "order": order, "sent_s": record["enqueued_s"]}
            self.first_sends[name].append({**first, "key": key})

    def _flight(self, record: Record) -> None:
        name, order, group = record["q"], record["order"], record.get("group")
        if group is not None and record["receives"]:
            self.last_set[name, group] = order  # also when it is gone, as amid a rewrite
        self.messages[name][order].update({**record, "e": "message"})

    def _left(self, record: Record) -> None:
        del self.messages[record["q"]][record["order"]]

    def _id(self, record: Record) -> None:
        self.first_sends[record["q"]].append(record)

    def _attempt(self, record: Record) -> None:
        self.attempts[record["q"]].append(record)

    def _overlap(self, record: Record) -> None:
        del record
        self._is_overlap = True

    def _whole(self, record: Record) -> None:
        del record
        self._is_overlap = False


def _check_first(record: Record, path: Path) -> None:
    version = record.get("version")
    if record.get("e") != "start" or not isinstance(version, int):
        raise DataError(f"{path}: this is no log of a local SQS; name another folder")
    if version > VERSION:
        raise DataError(
            f"{path}: its version is {version}, and this server reads up to {VERSION}; use the "
            "server that wrote it, or move it away to start empty"
        )


def _is_whole(line: bytes) -> bool:
    try:
        decode(line)
    except TornRecordError:
        return False
    return True
