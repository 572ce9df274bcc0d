"""Labels that survive formatting: a value is marked before a line is written, and found after.

The marks are letters and digits only, so JSON, URL, HTML and repr() leave them as they are; what
the formatter made of the value between them is what the label covers.
"""

import re
from dataclasses import dataclass

_MARK = re.compile(r"Zq7([a-z]+)q7Z(.*?)Zq7q7Z", re.DOTALL)


@dataclass(frozen=True)
class Label:
    """A half-open span of characters of a line."""

    start: int
    end: int
    kind: str  # email, person, phone, address, card, iban, ip; city is told, never counted


@dataclass(frozen=True)
class LabelledLine:
    """One line of a synthetic log."""

    text: str
    labels: tuple[Label, ...]
    format: str
    locale: str
    path: str  # how the value came into the log: fields, sentence, validation, sql ...


def mark(kind: str, value: str) -> str:
    """The value as it is put into a statement."""
    return f"Zq7{kind}q7Z{value}Zq7q7Z"


def unmark(text: str) -> tuple[str, tuple[Label, ...]]:
    """The line as it is logged, and where its values ended up."""
    plain: list[str] = []
    labels: list[Label] = []
    length = position = 0
    for match in _MARK.finditer(text):
        before, value = text[position : match.start()], match[2]
        start = length + len(before)
        plain += [before, value]
        length = start + len(value)
        labels.append(Label(start, length, match[1]))
        position = match.end()
    plain.append(text[position:])
    return "".join(plain), tuple(labels)
