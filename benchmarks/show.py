"""Tables as plain text and as JSON."""

from collections.abc import Iterable
from typing import Any

from benchmarks.figures import Checked, Row, Table
from benchmarks.stage import Bench
from reports.numbers import figure, significant

HEADS = ("", "figure", "unit", "spread", "ratio", "target", "reached", "note")
RIGHT = {1, 3, 4}  # numbers


def as_text(table: Table) -> str:
    """The table in columns, as wide as its longest cells; a column without a cell is left out."""
    lines = [HEADS, *(_cells(table, row) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = [n for n in range(len(HEADS)) if any(line[n] for line in lines[1:])]
    text = [
        "  ".join(
            line[n].rjust(widths[n]) if n in RIGHT else line[n].ljust(widths[n]) for n in shown
        ).rstrip()
        for line in lines
    ]
    return "\n".join([table.title, *(f"  {line}" for line in text)]) + "\n"


def as_dict(table: Table) -> dict[str, Any]:
    """The table for a machine, unrounded."""
    return {
        "title": table.title,
        "reference": table.reference,
        "rows": [
            {
                "name": row.name,
                "figure": row.figure,
                "unit": row.unit,
                "spread": row.spread,
                "samples": list(row.samples),
                "ratio": table.ratio(row),
                "goals": [
                    {"target": each.goal.text, "value": each.value, "reached": each.reached}
                    for each in table.checked(row)
                ],
                "note": row.note,
            }
            for row in table.rows
        ],
    }


def _cells(table: Table, row: Row) -> tuple[str, ...]:
    checked = table.checked(row)
    return (
        row.name,
        figure(row.figure and significant(row.figure)),
        row.unit,
        "" if row.spread is None else f"{row.spread:.0%}",
        "" if (ratio := table.ratio(row)) is None else f"{significant(ratio)}",
        "; ".join(each.goal.text for each in checked),
        "; ".join(map(_reached, checked)),
        row.note,
    )


def _reached(checked: Checked) -> str:
    if checked.value is None or checked.reached is None:
        return "cannot tell"
    word = "yes" if checked.reached else "NO"
    return word if checked.goal.of is None else f"{word} ({significant(checked.value)})"


def listing(benches: Iterable[Bench]) -> str:
    """Name, budgets and summary of each bench."""
    return "\n".join(
        f"{each.name:<10}{each.budget_s:>4.0f} s, quick {each.quick_budget_s:>3.0f} s  "
        + each.summary
        for each in benches
    )
