"""A line taken apart: JSON down to its leaves, each with its path; any other line is one leaf.

A string that is itself a JSON object, as container runtimes and log services write it, is taken
apart too: its leaves stand under the path of the string.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

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
_NESTED_MAX = 4  # JSON inside JSON strings: each level doubles the escapes, so none goes deeper
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
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
    found = _object_in(text)
    if found is None:
        return Record((Leaf("", "", unescaped(text)),), is_json=False)
    start, root = found
    prefix = (Leaf("", "", text[:start]),) if text[:start].strip() else ()
    return Record(prefix + tuple(_leaves(root)), is_json=True)


def unescaped(text: str) -> str:
    r"""Text with \u00e9 and its like decoded: names are not seen through them."""
    if "\\u" not in text:
        return text
    told = _UNICODE_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    return told.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _object_in(text: str) -> tuple[int, object] | None:
    """Where a JSON object starts that goes on to the end of the text, and the object."""
    start = text.find("{")
    if start < 0 or not text.rstrip().endswith("}"):
        return None
    try:
        # From str, not bytes: orjson refuses invalid UTF-8, which is replaced by now.
        return start, orjson.loads(text[start:])
    except orjson.JSONDecodeError:
        return None


@lru_cache(10_000)
def _is_code(key: str) -> bool:
    digit_count = sum(char.isdigit() for char in key)
    return digit_count <= _KEY_DIGITS_MAX and _CODE_KEY.fullmatch(key) is not None


def _leaves(root: object) -> list[Leaf]:
    leaves: list[Leaf] = []
    # A stack, because a hostile line nests deeper than Python recurses; reversed, to keep order.
    pending: list[tuple[str, str, object, int]] = [("$", "", root, 0)]
    while pending:
        path, key, value, depth = pending.pop()
        if isinstance(value, str) and depth < _NESTED_MAX and value.startswith("{"):
            inner = _object_in(value)
            if inner is not None:
                value, depth = inner[1], depth + 1
        if isinstance(value, dict):
            children: list[tuple[str, str, object, int]] = []
            for child_key, child in value.items():
                shown = child_key if _is_code(child_key) else _HIDDEN_KEY
                if shown == _HIDDEN_KEY:
                    leaves.append(Leaf(f"{path}.{_HIDDEN_KEY}", "", child_key, is_key=True))
                children.append((f"{path}.{shown}", shown, child, depth))
            pending.extend(reversed(children))
        elif isinstance(value, list):
            pending.extend((f"{path}[*]", key, item, depth) for item in reversed(value))
        elif isinstance(value, str):
            text = _ANSI.sub("", value) if "\x1b" in value else value
            leaves.append(Leaf(path, key, unescaped(text)))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            leaves.append(Leaf(path, key, repr(value)))
    return leaves
