"""How results leave a scan: one neutral model, one file for each format that a platform reads.

    Report(rules, results, unread) -> render(format, report) -> text, which ends with a newline

The log scanner and the source check both write through here, so that an editor, a pipeline or a
code review shows a leak in a log and a leak in code alike. No writer knows where results are from.
"""

from collections.abc import Callable, Mapping

from compliance.pii.outputs.github import render_github
from compliance.pii.outputs.gitlab import render_gitlab
from compliance.pii.outputs.jsonl import render_jsonl
from compliance.pii.outputs.junit import render_junit
from compliance.pii.outputs.markdown import render_markdown
from compliance.pii.outputs.plain import render_plain
from compliance.pii.outputs.result import (
    LEVELS,
    Level,
    Related,
    Report,
    Result,
    Rule,
    Unread,
    fingerprint,
)
from compliance.pii.outputs.sarif import render_sarif

__all__ = [
    "FORMATS",
    "LEVELS",
    "Level",
    "Related",
    "Report",
    "Result",
    "Rule",
    "Unread",
    "fingerprint",
    "render",
]

_WRITERS: Mapping[str, Callable[[Report], str]] = {
    "text": render_plain,
    "jsonl": render_jsonl,
    "sarif": render_sarif,
    "junit": render_junit,
    "github": render_github,
    "gitlab": render_gitlab,
    "markdown": render_markdown,
}
FORMATS = tuple(_WRITERS)


def render(name: str, report: Report) -> str:
    """The report in a format of FORMATS. Raises KeyError for another name."""
    return _WRITERS[name](report)
