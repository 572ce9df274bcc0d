"""GitLab code quality: a JSON array, as merge requests show it.

Source: GitLab documentation, "Code Quality", section "Code Quality report format": description,
check_name, fingerprint (unique), severity, location.path (relative, no ./) and lines.begin.
"""

import json
from typing import Any

from compliance.pii.outputs.result import Report, Result, Unread, fingerprint

_SEVERITY = {"error": "critical", "warning": "major", "note": "info"}


def render_gitlab(report: Report) -> str:
    """What was not read is an entry too: the format has no other place for it."""
    rows = [_result(result) for result in report.results]
    rows += [_unread(unread) for unread in report.unread]
    return json.dumps(rows, indent=2) + "\n"


def _result(result: Result) -> dict[str, Any]:
    return {
        "description": result.message,
        "check_name": result.rule_id,
        "fingerprint": result.fingerprint,
        "severity": _SEVERITY[result.level],
        "location": _location(result.path, max(1, result.line)),
    }


def _unread(unread: Unread) -> dict[str, Any]:
    return {
        "description": f"not read: {unread.why}",
        "check_name": "unread",
        "fingerprint": fingerprint("unread", unread.path, unread.why),
        "severity": "major",
        "location": _location(unread.path, 1),
    }


def _location(path: str, line: int) -> dict[str, Any]:
    return {"path": path.removeprefix("./"), "lines": {"begin": line}}
