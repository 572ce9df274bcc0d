"""The template of a line: which log statement wrote it, told without a single value of it.

Only log words (vocabulary.py), keys that look like code, logger names and punctuation are kept.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from compliance.pii.record import Leaf, Record
from compliance.pii.vocabulary import LOG_WORDS

TEMPLATE_CHARS_MAX = 200
_TEXT_CHARS_MAX = 400
_SPOKEN_KEYS = frozenset(
    {
        "event",
        "message",
        "msg",
        "level",
        "severity",
        "log",
        "logger",
        "logger_name",
        "component",
        "",
    }
)
_TOKEN = re.compile(r"[A-Za-z]+|[0-9]+|\s+|[^A-Za-z0-9\s]+")
_PLAIN_PUNCTUATION = re.compile(r"[-._:;,/=()\[\]{}\"'<>|#%&?!]{1,4}")
_HIDDEN_RUN = re.compile(r"\*(?:[\s*0._-]*\*)+")


class Span(NamedTuple):
    """A stretch of a leaf that must not show, and what is shown instead."""

    start: int
    end: int
    label: str
    hides_leaf: bool = False  # a part of a longer value was found: what is around belongs to it too


def template_of(record: Record, spans: Mapping[Leaf, Iterable[Span]]) -> str:
    """One bounded line; equal for all lines of one statement with one kind of leak."""
    if not record.is_json:
        return _cut(_spoken(record.leaves[0].text, sorted(spans.get(record.leaves[0], ()))))
    shown: dict[str, str] = {}
    for leaf in record.leaves:
        leaf_spans = sorted(spans.get(leaf, ()))
        name = leaf.path.removeprefix("$.")
        if leaf_spans:
            shown[name] = _spoken(leaf.text, leaf_spans)
        elif leaf.key == "logger" and record.logger == leaf.text:
            shown[name] = leaf.text
        else:
            shown.setdefault(name, _spoken(leaf.text, []) if leaf.key in _SPOKEN_KEYS else "*")
    prefix = shown.pop("", "")
    # What says most comes first, because the end may be cut.
    names = sorted(shown, key=lambda name: (shown[name] == "*", name != "event"))
    body = ", ".join(f"{name}: {shown[name]}" for name in names)
    return _cut(f"{prefix} {{{body}}}".strip())


def _spoken(text: str, spans: list[Span]) -> str:
    if any(span.hides_leaf for span in spans):
        return spans[0].label
    parts: list[str] = []
    position = 0
    for span in spans:
        parts += [_words(text[position : max(position, span.start)]), span.label]
        position = max(position, span.end)
    parts.append(_words(text[position:]))
    return _HIDDEN_RUN.sub("*", "".join(parts)).strip()


def _words(text: str) -> str:
    return "".join(_shown(token) for token in _TOKEN.findall(text[:_TEXT_CHARS_MAX]))


def _shown(token: str) -> str:
    if token.isspace():
        return " "
    if token.isascii() and token.isdigit():
        return "0"
    if token.lower() in LOG_WORDS or _PLAIN_PUNCTUATION.fullmatch(token):
        return token
    return "*"


def _cut(text: str) -> str:
    return text if len(text) <= TEMPLATE_CHARS_MAX else f"{text[: TEMPLATE_CHARS_MAX - 1]}…"
