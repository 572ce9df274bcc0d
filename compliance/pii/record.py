"""A line taken apart: JSON down to its leaves, each with its path; any other line is one leaf."""

import re
from dataclasses import dataclass
from functools import cached_property

import orjson

_LOGGER_KEYS = ("logger", "logger_name", "log.logger", "component", "service")
_MESSAGE_ID_KEYS = ("email_id", "message_id", "messageId", "MessageId", "request_id")
_LOGGER = re.compile(r"[A-Za-z_][\w.:-]{0,79}")
# Letters and digits both, so that neither a bare number nor a bare word is taken for an id.
_ID = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_-]{10,80}")
# Keys are named by code and may be printed; anything else in a key's place may be data.
_CODE_KEY = re.compile(r"[@A-Za-z_][\w-]{0,47}(?:\.[A-Za-z_][\w-]{0,47}){0,4}", re.ASCII)
_KEY_DIGITS_MAX = 5  # more make a number of somebody's
_HIDDEN_KEY = "*"
# Escapes can arrive inside JSON, where the reader of raw lines does not see them.
_ANSI = re.compile(r"\x1b\[[0-9;:?]{0,64}[ -/]{0,4}[@-~]")


@dataclass(frozen=True)
class Leaf:
    """One value. `key` is the nearest object key, `path` reads like $.to[*]; text has neither."""

    path: str
    key: str
    text: str
    is_key: bool = False  # the text is itself an object key that does not look like code


@dataclass(frozen=True)
class Record:
    """One line's leaves in the order in which they stand."""

    leaves: tuple[Leaf, ...]
    is_json: bool

    @cached_property
    def logger(self) -> str | None:
        return self._top_level(_LOGGER_KEYS, _LOGGER)

    @cached_property
    def message_id(self) -> str | None:
        return self._top_level(_MESSAGE_ID_KEYS, _ID)

    def _top_level(self, keys: tuple[str, ...], wanted: re.Pattern[str]) -> str | None:
        values = {leaf.key: leaf.text for leaf in self.leaves if leaf.path == f"$.{leaf.key}"}
        for key in keys:
            if key in values and wanted.fullmatch(values[key]):
                return values[key]
        return None


def parse(line: bytes) -> Record:
    """Decode a line. A JSON object may follow a plain prefix, as container runtimes write it."""
    text = line.decode(errors="replace")
    start = text.find("{")
    if start >= 0 and text.rstrip().endswith("}"):
        try:
            # From str, not bytes: orjson refuses invalid UTF-8, which is replaced by now.
            root = orjson.loads(text[start:])
        except orjson.JSONDecodeError:
            pass
        else:
            prefix = (Leaf("", "", text[:start]),) if text[:start].strip() else ()
            return Record(prefix + tuple(_leaves(root)), is_json=True)
    return Record((Leaf("", "", text),), is_json=False)


def _is_code(key: str) -> bool:
    digit_count = sum(char.isdigit() for char in key)
    return digit_count <= _KEY_DIGITS_MAX and _CODE_KEY.fullmatch(key) is not None


def _leaves(root: object) -> list[Leaf]:
    leaves: list[Leaf] = []
    # A stack, because a hostile line nests deeper than Python recurses; reversed, to keep order.
    pending: list[tuple[str, str, object]] = [("$", "", root)]
    while pending:
        path, key, value = pending.pop()
        if isinstance(value, dict):
            children: list[tuple[str, str, object]] = []
            for child_key, child in value.items():
                shown = child_key if _is_code(child_key) else _HIDDEN_KEY
                if shown == _HIDDEN_KEY:
                    leaves.append(Leaf(f"{path}.{_HIDDEN_KEY}", "", child_key, is_key=True))
                children.append((f"{path}.{shown}", shown, child))
            pending.extend(reversed(children))
        elif isinstance(value, list):
            pending.extend((f"{path}[*]", key, item) for item in reversed(value))
        elif isinstance(value, str):
            leaves.append(Leaf(path, key, _ANSI.sub("", value) if "\x1b" in value else value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            leaves.append(Leaf(path, key, repr(value)))
    return leaves
