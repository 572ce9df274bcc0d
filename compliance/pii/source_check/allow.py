"""Inline allows: `# pii: allow pii-print until 2027-03-31 because the console is the user's own`.

An allow stands on a line of the statement or alone on the line above it. It needs a rule, a date
after which it counts no more, and a reason; without them it allows nothing and is itself reported.
Only real comments count: text in a string that looks like one does not.
"""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from compliance.pii.source_check.rules import RULES

_MARK = re.compile(r"#\s*pii:", re.IGNORECASE)
_ALLOW = re.compile(
    r"#\s*pii:\s*allow\s+(?P<rule>[a-z-]+)\s+until\s+(?P<until>\d{4}-\d\d-\d\d)"
    r"\s+because\s+(?P<reason>\S.*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Allow:
    """One comment that means to allow something. `problem` is empty when it does."""

    line: int  # from 1
    column: int  # from 1
    lines: tuple[int, ...]  # the lines it speaks of
    rule: str
    problem: str


def allows(text: str, today: date) -> list[Allow]:
    """Every allow of a source text, good or bad."""
    if not _MARK.search(text):
        return []
    return [
        _judge(comment, line, column, is_alone, today)
        for comment, line, column, is_alone in _comments(text)
        if _MARK.match(comment)
    ]


def _comments(text: str) -> Iterator[tuple[str, int, int, bool]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                before = token.line[: token.start[1]]
                yield token.string, token.start[0], token.start[1] + 1, not before.strip()
    except (tokenize.TokenError, IndentationError):
        return  # the parser took the text, so what follows holds no statement


def _judge(comment: str, line: int, column: int, is_alone: bool, today: date) -> Allow:
    lines = (line, line + 1) if is_alone else (line,)
    match = _ALLOW.match(comment)
    if match is None:
        form = "wanted: # pii: allow RULE until YYYY-MM-DD because REASON"
        return Allow(line, column, lines, "", f"not an allow; {form}")
    rule = match["rule"].lower()
    return Allow(line, column, lines, rule, _problem(rule, match["until"], today))


def _problem(rule: str, until: str, today: date) -> str:
    if rule not in RULES or rule.startswith("pii-allow"):
        return f"it names no rule; rules: {', '.join(r for r in RULES if 'allow' not in r)}"
    try:
        last_day = date.fromisoformat(until)
    except ValueError:
        return f"{until} is not a date"
    return f"it expired on {until}" if last_day < today else ""
