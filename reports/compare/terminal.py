"""The comparison on a terminal: the figures one asks for first, then the sentences."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.compare.difference import Difference
from reports.compare.model import CompareView
from reports.compare.sentences import Compared
from reports.model import word
from reports.numbers import figure, precise

HEAD = ("configuration", "reached/s", "p99 accepted", "p99 delivered", "calls/email", "logs")
CLAIMS = ("no-loss", "order")
LEFT = ("experiment", "figure", "")
WIDTH_MIN = 120  # in a pipe, where nothing is wrapped


def render(view: CompareView, compared: list[Compared], console: Console) -> None:
    """Print the table, the sentences and where the page is."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in (*HEAD, *CLAIMS):
        table.add_column(name, no_wrap=True, justify="left" if name in CLAIMS else "right")
    table.columns[0].justify = "left"
    for each in compared:
        calm = each.figures.calm
        table.add_row(
            each.name,
            figure(each.reached_per_s, 0),
            f"{precise(calm.acceptance.p99_ms)} ms" if calm else "-",
            f"{precise(calm.delivery.p99_ms)} ms" if calm else "-",
            figure(each.figures.calls_per_email, 2),
            figure(each.figures.log_files),
            *(word(each.outcome(claim)) for claim in CLAIMS),
        )
    if not console.is_terminal:
        console.width = max(console.width, WIDTH_MIN)
    console.print(table)
    for sentence in [*view.troubles, *view.sentences]:
        console.print(Text(f"- {sentence}"), soft_wrap=True)
    console.print(Text(f"report: {view.run.folder}/compare.html"), soft_wrap=True)


def _surely(difference: Difference) -> str:
    if difference.is_sure:
        return "differs"
    return "the same" if difference.low == difference.high else "may be chance"


def render_differences(found: Sequence[Difference], console: Console) -> None:
    """Print what two runs differ in, with the interval of each difference."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("experiment", "figure", "A", "B", "B - A", "95 % interval", ""):
        table.add_column(name, no_wrap=True, justify="left" if name in LEFT else "right")
    for each in found:
        table.add_row(
            Text(each.experiment),
            each.what,
            *(f"{value:,.4g}" for value in (each.a, each.b)),
            f"{each.b - each.a:+,.3g}",
            f"{each.low:+,.3g} to {each.high:+,.3g}",
            _surely(each),
        )
    if not console.is_terminal:
        console.width = max(console.width, WIDTH_MIN)
    console.print(table)
    console.print(
        "The interval tells of the luck inside these two runs; what differs from day to day on a "
        "machine, only more runs can tell.",
        soft_wrap=True,
    )
