"""A report as text for a terminal: one block a place."""

from compliance.pii.report import Place, ScanReport
from compliance.pii.sources import printable

_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m"}
_END_COLOUR = "\x1b[0m"


def render_text(report: ScanReport, *, is_coloured: bool = False) -> str:
    """Ends with a newline. Holds no control characters but colours, when asked for."""
    lines = [line for place in report.places for line in _place(place, is_coloured)]
    lines += [f"not read  {note.source}: {note.what}" for note in report.skipped]
    lines += [f"note      {note.source}: {note.what}" for note in report.notes]
    return "\n".join([*lines, *_summary(report)]) + "\n"


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


def _summary(report: ScanReport) -> list[str]:
    found = "no personal data found"
    if report.places:
        found = f"personal data in {_count(len(report.places), 'place')}"
    megabytes = report.bytes_read / 1e6
    engines = ", ".join(f"{name} {version}" for name, version in report.engines.items())
    summary = [
        f"{found}: {_count(report.lines_read, 'line')} ({megabytes:.1f} MB) of "
        f"{_count(len(report.sources), 'file')} in {report.elapsed_s:.1f} s, "
        f"{report.distinct_skeletons:,} distinct shapes",
        f"looked for {report.canaries_known:,} canaries "
        f"({report.control_lines:,} control lines found); {engines}",
    ]
    if not report.is_complete:
        summary.append("incomplete: " + ("see above" if report.skipped else "nothing was read"))
    return summary


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
