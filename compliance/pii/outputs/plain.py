"""Text for a terminal: one line a result, as compilers print it, so that editors can jump there."""

from compliance.pii.outputs.result import Report, Result, worst_first


def render_plain(report: Report) -> str:
    """Results, what was not read, then the summary."""
    lines = [line for result in worst_first(report.results) for line in _result(result)]
    lines += [f"not read  {unread.path}: {unread.why}" for unread in report.unread]
    lines += [f"note      {note}" for note in report.notes]
    return "\n".join([*lines, report.summary]) + "\n"


def _result(result: Result) -> list[str]:
    related = [
        f"    {place.path}:{place.line}: {place.message}" if place.line else f"    {place.message}"
        for place in result.related
    ]
    return [f"{result.place}: {result.level}: {result.message} [{result.rule_id}]", *related]
