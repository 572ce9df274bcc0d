"""What a scan prints: findings at once, where somebody waits for them, and the whole at last."""

import sys
from datetime import date
from typing import Any

import orjson

from compliance.pii.baseline import Known
from compliance.pii.gate import Gated, levelled, why_passed
from compliance.pii.outputs import render
from compliance.pii.outputs.jsonl import as_line, closing_rows, result_row
from compliance.pii.policy import Policy
from compliance.pii.report import Finding, Place
from compliance.pii.results import as_report, as_result
from compliance.pii.text import render_first, render_text

_CONTROL_MISSING = "control missing: no planted canary was found; was this the right log?"


class LiveShow:
    """Shows the first finding of each place at once, unless policy or baseline let it pass."""

    def __init__(self, name: str, policy: Policy, baseline: frozenset[Known], today: date) -> None:
        self._name = name  # of the format: text or jsonl
        self._policy = policy
        self._baseline = baseline
        self._today = today

    def first(self, finding: Finding) -> None:
        """Print one line about it, now."""
        place = Place(
            rule=finding.rule,
            kind=finding.kind,
            level=finding.level,
            template=finding.template,
            json_path=finding.json_path,
            lines=1,
            findings=(finding,),
        )
        if why_passed(place, self._policy, self._baseline, self._today):
            return
        place = levelled(place, self._policy)
        if self._name == "jsonl":
            row = result_row(as_result(place))
            row.pop("detail_lines")  # not known before the end
            sys.stdout.write(as_line(row) + "\n")
        else:
            sys.stdout.write(render_first(place.findings[0]))
        sys.stdout.flush()

    def rest(self, gated: Gated, *, is_control_missing: bool) -> str:
        """JSON Lines that are known at the end only: the counts, what was not read, the summary."""
        report = as_report(
            gated.report, is_control_missing=is_control_missing, remarks=_remarks(gated)
        )
        counts = [
            {"type": "count", "fingerprint": told.fingerprint, "lines": told.details["lines"]}
            for told in report.results
        ]
        return "".join(f"{as_line(row)}\n" for row in [*counts, *closing_rows(report)])


def rendered(
    name: str, gated: Gated, *, is_control_missing: bool, is_coloured: bool = False
) -> str:
    """The whole report in a format."""
    if name == "json":
        row: dict[str, Any] = {
            **gated.report.as_dict(),
            "is_control_missing": is_control_missing,
            "failing": gated.failing,
            "passed": gated.passed,
            "remarks": gated.remarks,
        }
        return orjson.dumps(row, option=orjson.OPT_INDENT_2).decode() + "\n"
    if name == "text":
        text = render_text(gated.report, is_coloured=is_coloured, remarks=_remarks(gated))
        return f"{text}{_CONTROL_MISSING}\n" if is_control_missing else text
    return render(
        name,
        as_report(gated.report, is_control_missing=is_control_missing, remarks=_remarks(gated)),
    )


def _remarks(gated: Gated) -> list[str]:
    told = [f"let pass: {gated.told}"] if gated.passed else []
    return [*told, *gated.remarks]
