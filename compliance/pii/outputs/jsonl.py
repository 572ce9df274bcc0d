"""JSON Lines: one object a result, then what was not read, then a summary. `type` tells which."""

import json
from dataclasses import asdict
from typing import Any

from compliance.pii.outputs.result import Report, Result


def render_jsonl(report: Report) -> str:
    """Plain ASCII, so that no reader's encoding matters."""
    rows = [*map(result_row, report.results), *closing_rows(report)]
    return "".join(f"{as_line(row)}\n" for row in rows)


def closing_rows(report: Report) -> list[dict[str, Any]]:
    """All but the results."""
    return [
        *({"type": "unread", **asdict(unread)} for unread in report.unread),
        *({"type": "note", "what": note} for note in report.notes),
        {
            "type": "summary",
            "tool": report.tool,
            "version": report.version,
            "results": len(report.results),
            "unread": len(report.unread),
            "summary": report.summary,
        },
    ]


def result_row(result: Result) -> dict[str, Any]:
    """One result as plain values."""
    row = asdict(result)
    details = row.pop("details")
    return {"type": "result", **row, **{f"detail_{name}": told for name, told in details.items()}}


def as_line(row: dict[str, Any]) -> str:
    """Compact JSON without a line end."""
    return json.dumps(row, separators=(",", ":"))
