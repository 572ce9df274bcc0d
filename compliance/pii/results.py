"""A scan's places as the neutral results that every output format is written from."""

from collections.abc import Iterable
from pathlib import Path

from compliance.pii.outputs import Level, Report, Result, Rule, Unread, fingerprint
from compliance.pii.report import Place, ScanReport
from compliance.pii.text import summary
from compliance.pii.third_party import version_of

TOOL = "queueproof scan"
_HELP = (
    "Log an id, a length or a hash instead of the value; mask it where it has to be told. "
    "What may stay belongs into the policy, with a reason and a date."
)
_MEANING = {
    "canary": "a value that the test traffic carried: {kind}",
    "masked": "a known value, of which a part still shows: {kind}",
    "pattern": "personal data by its form: {kind}",
    "ner": "a name, by the language model: {kind}",
    "field": "a field that is named as personal data: {kind}",
    "address": "a street address in running text: {kind}",
}


def as_report(
    report: ScanReport, *, is_control_missing: bool = False, remarks: Iterable[str] = ()
) -> Report:
    """What the writers of `outputs` show."""
    unread = [Unread(shown_path(note.source), note.what) for note in report.skipped]
    if not report.lines_read:
        unread.append(Unread("(all sources)", "nothing was read"))
    if is_control_missing:
        unread.append(Unread("(control)", "no planted canary was found; was this the right log?"))
    notes = [f"{shown_path(note.source)}: {note.what}" for note in report.notes]
    kinds = {place.rule: place.kind for place in report.places}
    return Report(
        tool=TOOL,
        version=version_of("queueproof"),
        rules=tuple(_rule(rule, kind) for rule, kind in sorted(kinds.items())),
        results=tuple(as_result(place) for place in report.places),
        summary=summary(report)[0],
        unread=tuple(unread),
        notes=(*notes, *remarks),
    )


def as_result(place: Place) -> Result:
    """One place; its position is that of its first finding."""
    first = place.findings[0]
    level: Level = "error" if place.level == "error" else "warning"
    if place.level == "note":
        level = "note"
    form = f" as {first.form}" if first.form != "raw" else ""
    where = f" at {place.json_path}" if place.json_path else ""
    by = f" by {first.logger}" if first.logger else ""
    lines = f"{place.lines:,} line{'' if place.lines == 1 else 's'}"
    details: dict[str, str | int | float] = {
        "kind": place.kind,
        "lines": place.lines,
        "confidence": first.confidence,
        "masked": first.masked,
        "hash": first.hash,
        "form": first.form,
        "json_path": place.json_path,
        "template": place.template,
    }
    details |= {
        name: told
        for name, told in (("logger", first.logger), ("message_id", first.message_id))
        if told
    }
    return Result(
        rule_id=place.rule,
        level=level,
        message=f"{place.kind} {first.masked}{form}{where} logged{by} in {lines}: {place.template}",
        path=shown_path(first.source),
        line=first.line,
        column=first.column,
        fingerprint=fingerprint(place.rule, place.json_path, place.template),
        details=details,
    )


def shown_path(source: str) -> str:
    """Relative to the working directory where it can be: platforms look for files in the tree."""
    try:
        return str(Path(source).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return source


def _rule(rule: str, kind: str) -> Rule:
    meaning = _MEANING.get(rule.partition("/")[0], "personal data: {kind}")
    return Rule(rule, meaning.format(kind=kind), _HELP)
