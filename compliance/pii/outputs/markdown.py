"""A Markdown summary, for a job's page or a comment on a merge request."""

import re

from compliance.pii.outputs.result import Report, Result, worst_first

ROWS_MAX = 50  # a comment with thousands of rows is refused by the platforms, and read by nobody
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+.!|~&$@-])")


def render_markdown(report: Report) -> str:
    """A heading, a table of the gravest results, and what was not read."""
    lines = [f"## {_escaped(report.tool)}", "", _escaped(report.summary), ""]
    if report.results:
        lines += ["| level | rule | where | what |", "|---|---|---|---|"]
        lines += [_row(result) for result in worst_first(report.results)[:ROWS_MAX]]
        left = len(report.results) - ROWS_MAX
        lines += ["", *([f"{left:,} more are not shown.", ""] if left > 0 else [])]
    if report.unread:
        lines += ["**Not read**", ""]
        lines += [f"- {_code(unread.path)}: {_escaped(unread.why)}" for unread in report.unread]
        lines.append("")
    lines += [f"- {_escaped(note)}" for note in report.notes]
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(result: Result) -> str:
    cells = [result.level, _code(result.rule_id), _code(result.place), _escaped(result.message)]
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Every character that could start markup, a mention or a table cell, shown as itself."""
    return _SPECIAL.sub(r"\\\1", text)


def _code(text: str) -> str:
    # A pipe ends a cell even inside code, and no escape works for a backtick there.
    shown = text.replace("|", "¦").replace("`", "'")
    return f"`{shown}`"
