"""SARIF 2.1.0, as code scanning platforms and editors read it.

Source: OASIS, Static Analysis Results Interchange Format Version 2.1.0, sections 3.13 (sarifLog) to
3.58 (notification). What was not read becomes a notification at level error and makes
`executionSuccessful` false, so that a viewer never shows half a scan as a clean one.
"""

import json
from typing import Any
from urllib.parse import quote

from compliance.pii.outputs.result import Related, Report, Result, Rule

SCHEMA_URI = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT_KEY = "queueproof/v1"  # the part after the slash changes when the recipe does
_KEPT_IN_URI = "/:~!$&'()*+,;=@-._"


def render_sarif(report: Report) -> str:
    """One run in one log."""
    index_of = {rule.id: index for index, rule in enumerate(report.rules)}
    notifications = [
        _notification("error", f"not read: {unread.why}", unread.path) for unread in report.unread
    ] + [_notification("note", note) for note in report.notes]
    run = {
        "tool": {
            "driver": {
                "name": report.tool,
                "version": report.version,
                "rules": [_rule(rule) for rule in report.rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.unread,
                "toolExecutionNotifications": notifications,
            }
        ],
        "results": [_result(result, index_of) for result in report.results],
    }
    log = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    told: dict[str, Any] = {"id": rule.id, "shortDescription": {"text": rule.summary}}
    if rule.help:
        told["help"] = {"text": rule.help}
    return told


def _result(result: Result, index_of: dict[str, int]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ruleId": result.rule_id,
        "level": result.level,
        "message": {"text": result.message},
        "locations": [{"physicalLocation": _physical(result)}],
        "partialFingerprints": {FINGERPRINT_KEY: result.fingerprint},
    }
    if result.rule_id in index_of:
        told["ruleIndex"] = index_of[result.rule_id]
    if result.related:
        told["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(place), "message": {"text": place.message}}
            for number, place in enumerate(result.related, start=1)
        ]
    if result.details:
        told["properties"] = dict(result.details)
    return told


def _physical(place: Result | Related) -> dict[str, Any]:
    told: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.path)}}
    if not place.line:
        return told
    region = {"startLine": place.line}
    if place.column:
        region["startColumn"] = place.column
    if isinstance(place, Result) and place.end_line:
        region["endLine"] = place.end_line
    if isinstance(place, Result) and place.end_column:
        region["endColumn"] = place.end_column
    return {**told, "region": region}


def _notification(level: str, text: str, path: str | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"level": level, "message": {"text": text}}
    if path is not None:
        told["locations"] = [{"physicalLocation": {"artifactLocation": {"uri": _uri(path)}}}]
    return told


def _uri(path: str) -> str:
    """A URI reference: relative stays relative, so that a platform finds the file in the tree."""
    if "://" in path:
        return quote(path, safe=_KEPT_IN_URI)
    uri = quote(path.removeprefix("./"), safe=_KEPT_IN_URI)
    if path.startswith("/"):
        return f"file://{uri}"
    # In a relative reference a colon before the first slash would read as a scheme (RFC 3986, 4.2).
    return uri.replace(":", "%3A")
