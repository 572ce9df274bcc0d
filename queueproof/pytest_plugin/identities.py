"""Which email is it? A service that is not ours calls one email by several names.

Pure. The ledger tells keys and the ids that were answered; queue and sink tell what they saw. All
rows of one email get one id, so that the history's joins hold whatever the service does.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

Row = dict[str, Any]

# Whole words of a body, so that "mail-1" is not found in "mail-12".
_WORD = re.compile(r"[A-Za-z0-9_.:/+=-]+")
_PUNCTUATION = ".:/+=-"
_SEARCHED_CHARS_MIN = 3  # a shorter word, or a mere number, may stand in any text


def bare_id(name: str) -> str:
    """A Message-ID without brackets and domain; any other id as it is."""
    return name.strip().strip("<>").partition("@")[0]


class Identities:
    """The emails of one test, under every name that they are known by."""

    def __init__(self, sender: Iterable[Mapping[str, Any]]) -> None:
        """From the rows of the sender's ledger."""
        self._key_of: dict[str, str] = {}
        self._id_of: dict[str, str] = {}
        for row in sender:
            key, email_id = row["key"], row.get("email_id")
            self._key_of.setdefault(key, key)
            if email_id is not None:
                self._key_of.setdefault(email_id, key)
                self._id_of.setdefault(key, email_id)

    def key_of(self, *names: str | None) -> str | None:
        """The email that has one of these names; the first that is known decides."""
        for name in names:
            if name is not None and (
                key := self._key_of.get(name) or self._key_of.get(bare_id(name))
            ):
                return key
        return None

    def key_in(self, text: str) -> str | None:
        """The only email that a text names; None when it names none or several."""
        words = set(_WORD.findall(text))
        words |= {word.strip(_PUNCTUATION) for word in words}
        named = {
            self._key_of[word]
            for word in words
            if word in self._key_of and len(word) >= _SEARCHED_CHARS_MIN and not word.isdigit()
        }
        return named.pop() if len(named) == 1 else None

    def id_of(self, key: str) -> str:
        """The id that stands for the email in all ledgers: the first answered, else its key."""
        return self._id_of.get(key, key)

    def sender_rows(self, rows: Iterable[Row]) -> list[Row]:
        """The sender's rows with one id an email; an `ok` without any gets one."""
        return [
            {**row, "email_id": self.id_of(row["key"]) if row["kind"] == "ok" else None}
            for row in rows
        ]

    def queue_rows(self, rows: Sequence[Row]) -> list[Row]:
        """The queue's rows; those of a known email bear its id as deduplication id.

        `text` of a row, when there, is what its message said. A service may write the time into
        each attempt's body, so for a known email the digest is that of its key.
        """
        key_of_message: dict[str, str] = {}
        seen = []
        for row in rows:
            text, message_id = row.get("text"), row["message_id"]
            key = self.key_of(row["dedup_id"], message_id)
            if key is None and text is not None:
                key = self.key_in(text)
            if row["event"] == "stored" and key is not None:
                key_of_message[message_id] = key
            elif row["event"] != "absorbed":
                key = key_of_message.get(message_id, key)
            seen.append(_named(row, key, key_of_message.get(message_id), self))
        return seen

    def sink_rows(self, rows: Iterable[Row]) -> list[Row]:
        """The sink's rows; those of a known email bear its key and id."""
        seen = []
        for row in rows:
            key = self.key_of(row["key"], row["email_id"])
            known = {} if key is None else {"key": key, "email_id": self.id_of(key)}
            seen.append({**row, **known})
        return seen

    def fault_rows(self, rows: Iterable[Row], queue: Sequence[Row]) -> list[Row]:
        """The faults' rows, and in them the emails that each fault met.

        `queue` holds the rows that `queue_rows` is given: a fault knows what it met by the names
        that the queue has for it.
        """
        ids: dict[str, str] = {}
        for row, named in zip(queue, self.queue_rows(queue), strict=True):
            if named["dedup_id"] is not None:
                for name in (row["dedup_id"], row["message_id"]):
                    ids.setdefault(name, named["dedup_id"])
        return [{**row, "dedup_ids": self._met(row, ids)} for row in rows]

    def _met(self, row: Row, ids: Mapping[str, str]) -> list[str]:
        """A message that no row of the queue names is nobody's."""
        found = [ids.get(name) for name in row.get("message_ids") or ()]
        for name in row.get("dedup_ids") or ():
            key = self.key_of(name)
            found.append(ids.get(name) or (name if key is None else self.id_of(key)))
        return [each for each in dict.fromkeys(found) if each is not None]


def _named(row: Row, key: str | None, first_key: str | None, identities: Identities) -> Row:
    """A queue's row under the id of the email that the message stands for."""
    row = {name: value for name, value in row.items() if name != "text"}
    whose = first_key if row["event"] == "absorbed" else key
    if whose is not None:
        row["dedup_id"] = identities.id_of(whose)
    if key is not None and row["body_sha256"] is not None:
        row["body_sha256"] = sha256(key.encode()).hexdigest()
    return row
