"""GitHub Actions annotations: workflow commands on standard output.

Source: GitHub, "Workflow commands for GitHub Actions"; the escapes are those of actions/toolkit,
packages/core/src/command.ts. GitHub shows the first ten annotations of a kind in a step, so the
gravest come first.
"""

from compliance.pii.outputs.result import Report, Result, worst_first

_COMMAND = {"error": "error", "warning": "warning", "note": "notice"}


def render_github(report: Report) -> str:
    """One command a line."""
    lines = [_annotation(result) for result in worst_first(report.results)]
    lines += [
        f"::warning title={_property('not read')}::{_data(f'{unread.path}: {unread.why}')}"
        for unread in report.unread
    ]
    lines += [f"::notice title={_property(report.tool)}::{_data(report.summary)}"]
    return "\n".join(lines) + "\n"


def _annotation(result: Result) -> str:
    properties = {"file": result.path, "line": result.line, "col": result.column}
    if result.end_line:
        properties["endLine"] = result.end_line
    if result.end_column:
        properties["endColumn"] = result.end_column
    properties["title"] = result.rule_id
    told = ",".join(f"{name}={_property(str(said))}" for name, said in properties.items() if said)
    return f"::{_COMMAND[result.level]} {told}::{_data(result.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
