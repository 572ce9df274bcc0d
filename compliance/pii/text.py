"""A report as text for a terminal: one block a place."""

from collections.abc import Iterable

from compliance.pii.printable import printable
from compliance.pii.report import Finding, Place, ScanReport

_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m", "note": "\x1b[36m"}
_END_COLOUR = "\x1b[0m"


def render_text(
    report: ScanReport, *, is_coloured: bool = False, remarks: Iterable[str] = ()
) -> str:
    """Ends with a newline. Holds no control characters but colours, when asked for."""
    lines = [line for place in report.places for line in _place(place, is_coloured)]
    lines += [f"not read  {note.source}: {note.what}" for note in report.skipped]
    lines += [f"note      {note.source}: {note.what}" for note in report.notes]
    lines += [f"note      {printable(remark)}" for remark in remarks]
    return "\n".join([*lines, *summary(report)]) + "\n"


def render_first(finding: Finding) -> str:
    """One line, for a finding that is shown while the scan goes on."""
    where = f"{finding.source}:{finding.line}:{finding.column}"
    return printable(f"{finding.level:<8}  {finding.rule}  {finding.masked}  {where}") + "\n"


def _place(place: Place, is_coloured: bool) -> list[str]:
    colour, end = (_COLOURS[place.level], _END_COLOUR) if is_coloured else ("", "")
    first = place.findings[0]
    lines = _count(place.lines, "line")
    where = f"{first.source}:{first.line}:{first.column}"
    facts = [
        f"as {first.form}" if first.form != "raw" else "",
        f"at {place.json_path}" if place.json_path else "",
        f"logger {first.logger}" if first.logger else "",
        f"message {first.message_id}" if first.message_id else "",
        f"confidence {first.confidence:.2f}" if first.confidence < 1 else "",
    ]
    details = [", ".join(fact for fact in facts if fact), place.template]
    return [
        f"{colour}{place.level:<8}{end}  {place.rule}  {first.masked}  {lines}, first {where}",
        *(printable(f"          {detail}") for detail in details if detail),
        "",
    ]


def summary(report: ScanReport) -> list[str]:
    """What was found, in what, by what; a line each."""
    found = "no personal data found"
    if report.places:
        found = f"personal data in {_count(len(report.places), 'place')}"
    megabytes = report.bytes_read / 1e6
    engines = ", ".join(f"{name} {version}" for name, version in report.engines.items())
    told = [
        f"{found}: {_count(report.lines_read, 'line')} ({megabytes:.1f} MB) of "
        f"{_count(len(report.sources), 'file')} in {report.elapsed_s:.1f} s, "
        f"{report.distinct_skeletons:,} distinct shapes",
        f"looked for {report.canaries_known:,} canaries "
        f"({report.control_lines:,} control lines found); {engines}",
    ]
    if not report.is_complete:
        told.append("incomplete: " + ("see above" if report.skipped else "nothing was read"))
    return told


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
