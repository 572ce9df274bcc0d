"""An audit as a report for people, and for the platforms that the log scanner writes for too."""

import json
from dataclasses import asdict
from typing import Any

from compliance.pii.outputs import Report, Result, Unread, fingerprint
from compliance.pii.outputs import Rule as ReportRule
from compliance.pii.printable import printable
from compliance.queue_audit.judging import Audit, Finding, Unanswered
from compliance.queue_audit.rules import ALL_RULES

TOOL = "queueproof audit"


def as_report(audit: Audit, *, version: str, profile_name: str) -> Report:
    """The scanner's neutral report; a question left open counts as not read."""
    return Report(
        tool=TOOL,
        version=version,
        rules=tuple(
            ReportRule(rule.id, rule.summary, f"{rule.fix} See {rule.source}") for rule in ALL_RULES
        ),
        results=tuple(_result(finding) for finding in audit.findings),
        summary=summary(audit, profile_name),
        unread=tuple(Unread(each.place.path, _told(each)) for each in audit.unanswered),
    )


def summary(audit: Audit, profile_name: str) -> str:
    """One sentence."""
    return (
        f"{len(audit.findings)} findings, {len(audit.unanswered)} unknown, {audit.passed} passed; "
        f"profile: {profile_name}"
    )


def render_text(audit: Audit, profile_name: str) -> str:
    """Findings with what to do, then what is unknown, then the summary."""
    lines: list[str] = []
    for finding in audit.findings:
        place = f"{finding.place.path}:{finding.place.line}" * bool(finding.place.line)
        where = place or finding.place.path
        lines.append(
            f"{where}: {finding.level}: {finding.subject}: {finding.message} [{finding.rule.id}]"
        )
        lines.append(f"    {finding.rule.fix} {finding.rule.source}")
    lines += [f"{each.place.path}: unknown: {_told(each)}" for each in audit.unanswered]
    return "\n".join(printable(line) for line in [*lines, summary(audit, profile_name)]) + "\n"


def render_json(audit: Audit, *, version: str, profile_name: str) -> str:
    """One JSON object."""
    document: dict[str, Any] = {
        "tool": TOOL,
        "version": version,
        "profile": profile_name,
        "summary": summary(audit, profile_name),
        "findings": [
            {
                "rule": finding.rule.id,
                "level": finding.level,
                "subject": finding.subject,
                "place": asdict(finding.place),
                "message": finding.message,
                "fix": finding.rule.fix,
                "source": finding.rule.source,
            }
            for finding in audit.findings
        ],
        "unknown": [asdict(each) for each in audit.unanswered],
        "passed": audit.passed,
    }
    return json.dumps(document, indent=2) + "\n"


def _result(finding: Finding) -> Result:
    return Result(
        rule_id=finding.rule.id,
        level=finding.level,
        message=f"{finding.subject}: {finding.message}",
        path=finding.place.path,
        line=finding.place.line,
        column=0,
        fingerprint=fingerprint(finding.rule.id, finding.place.path, finding.subject),
    )


def _told(each: Unanswered) -> str:
    subject = f"{each.subject}: " if each.subject else ""
    rule = f" [{each.rule_id}]" if each.rule_id else ""
    return f"{subject}{each.why}{rule}"
