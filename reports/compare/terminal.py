"""The comparison on a terminal: the figures one asks for first, then the sentences."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from compliance.verdict import Outcome
from reports.compare.model import CompareView
from reports.compare.sentences import Compared
from reports.model import word
from reports.numbers import figure, precise

HEAD = ("configuration", "reached/s", "p99 accepted", "p99 delivered", "calls/email", "logs")
CLAIMS = ("no-loss", "order")


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
            *(_verdict(each.outcome(claim)) for claim in CLAIMS),
        )
    if not console.is_terminal:
        console.width = max(console.width, 120)
    console.print(table)
    for sentence in [*view.troubles, *view.sentences]:
        console.print(Text(f"- {sentence}"), soft_wrap=True)
    console.print(Text(f"report: {view.run.folder}/compare.html"), soft_wrap=True)


def _verdict(outcome: Outcome | None) -> str:
    return word(outcome)
