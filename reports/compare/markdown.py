"""compare.md: the same tables and sentences, for a pull request or a design document."""

from reports.compare.model import Cell, CompareView
from reports.markdown import code, escape, table


def render(view: CompareView) -> str:
    """The whole document."""
    lines = [
        f"# {len(view.configurations)} queue configurations side by side",
        "",
        f"{escape(view.work)}. Scenario {escape(view.scenario)}, seed {view.run.seed}, commit "
        f"{code(view.run.commit)}, started {escape(view.run.started_at)}.",
        "",
        *(f"- {escape(trouble)}" for trouble in view.troubles),
        *([""] if view.troubles else []),
        "## What follows from the figures",
        "",
        *(f"- {escape(sentence)}" for sentence in view.sentences),
        "",
    ]
    for each in view.tables:
        rows = [[escape(name), *(_cell(cell) for cell in cells)] for name, cells in each.rows]
        lines += [f"## {escape(each.title)}", ""]
        lines += table(["Configuration", *(escape(column) for column in each.columns)], rows)
        lines += [escape(each.note), ""] if each.note else []
    lines += ["## Latency over throughput, cost over traffic", ""]
    lines += [f"- {escape(chart.description)}" for chart in [*view.charts, view.costs]]
    lines += ["", "## Again", "", "```sh", view.run.command.lstrip("`"), "```", ""]
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    mark = f" *{cell.mark}*" if cell.mark else ""
    text = f"**{escape(cell.text)}**" if cell.mark == "best" else escape(cell.text)
    return f"{text}{mark}" + (f"<br>{escape(cell.detail)}" if cell.detail else "")
