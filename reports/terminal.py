"""The verdicts on a terminal: one line a claim, then where the report is.

On a terminal the figures wrap beside their claim, or below it where the window is narrow. In a
pipe each claim is one whole line without colour, for grep.
"""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from compliance.verdict import Outcome
from reports.model import ClaimView, RunView, word

NARROW_COLUMNS = 72
CLAIM_COLUMNS_MAX = 24

_STYLES = {
    Outcome.VERIFIED: "green",
    Outcome.REFUTED: "bold red",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.NOT_CLAIMED: "dim",
    None: "dim",
}


def render(view: RunView, console: Console) -> None:
    """Print the table of claims and where the report is."""
    if not console.is_terminal:
        _print_lines(view, console)
    elif console.width < NARROW_COLUMNS:
        _print_stacked(view, console)
    else:
        _print_table(view, console)
    if view.untried:
        names = ", ".join(claim.untried for claim in view.untried)
        _print(console, f"not tried: {names}", style="dim")
    _print(console, f"report: {view.folder}/report.html")


def _print_lines(view: RunView, console: Console) -> None:
    width = max((len(claim.claim) for claim in view.claims), default=0)
    for claim in view.claims:
        line = f"{claim.claim:<{width}}  {word(claim.outcome):<12}  {claim.summary}"
        _print(console, line.rstrip(), soft_wrap=True)


def _print_stacked(view: RunView, console: Console) -> None:
    for claim in view.claims:
        console.print(_text(console, claim.claim), _verdict(claim))
        console.print(Padding(_text(console, claim.summary), (0, 0, 0, 2)))


def _print_table(view: RunView, console: Console) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(max_width=CLAIM_COLUMNS_MAX, overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for claim in view.claims:
        table.add_row(_text(console, claim.claim), _verdict(claim), _text(console, claim.summary))
    console.print(table)


def _verdict(claim: ClaimView) -> Text:
    return Text(word(claim.outcome), style=_STYLES[claim.outcome])


def _print(console: Console, text: str, *, style: str = "", soft_wrap: bool = True) -> None:
    console.print(Text(_encodable(console, text), style=style), soft_wrap=soft_wrap)


def _text(console: Console, text: str) -> Text:
    """Foreign text: never read as markup, and without what the terminal cannot encode."""
    return Text(_encodable(console, text))


def _encodable(console: Console, text: str) -> str:
    return text.encode(console.encoding, errors="replace").decode(console.encoding)
