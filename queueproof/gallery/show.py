"""The gallery's result as a table, as JSON, and as one line: the mutation score."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from queueproof.gallery.rooms import GOOD, Seen
from queueproof.gallery.sight import Sight

_STYLES = {
    Sight.CAUGHT: "green",
    Sight.CLEAN: "green",
    Sight.UNCLEAR: "yellow",
}


def score(seen: Sequence[Seen]) -> str:
    """How many defects were caught and how many healthy runs flagged, in one line."""
    twins = [each for each in seen if each.exhibit.expected]
    clean = [each for each in seen if not each.exhibit.expected]
    parts = []
    if twins:
        caught = sum(each.sight is Sight.CAUGHT for each in twins)
        parts.append(f"{caught} of {len(twins)} broken twins caught")
    if clean:
        flagged = sum(each.sight is Sight.FLAGGED for each in clean)
        parts.append(f"{flagged} of {len(clean)} clean runs flagged")
    unclear = sum(each.sight is Sight.UNCLEAR for each in seen)
    if unclear:
        parts.append(f"{unclear} could not be told")
    return "; ".join(parts)


def line(each: Seen) -> str:
    """One exhibit in one line, for who watches."""
    detail = f": {each.detail}" if each.detail else ""
    return f"{each.exhibit.name}: {each.sight}{detail}"


def table(seen: Sequence[Seen], console: Console) -> None:
    """Print every exhibit, the score, and where the evidence of what went wrong is."""
    rows = Table(box=None, pad_edge=False)
    for column in ("twin", "in place of", "expected", "verdict", ""):
        rows.add_column(column, no_wrap=True)
    rows.add_column("s", justify="right")
    for each in seen:
        expected = each.exhibit.expected
        rows.add_row(
            each.exhibit.name,
            ", ".join(each.exhibit.modules) or "-",
            f"{expected.claim} refuted" if expected else "none refuted",
            each.verdict,
            f"[{_STYLES.get(each.sight, 'bold red')}]{each.sight}[/]",
            f"{each.seconds:.0f}",
        )
    console.print(rows)
    for each in seen:
        if each.sight not in GOOD:
            place = f"\n  evidence: queueproof report {each.run}" if each.run else ""
            console.print(escape(f"{line(each)}{place}"), highlight=False, soft_wrap=True)
    console.print(score(seen), highlight=False)


def as_data(seen: Sequence[Seen]) -> dict[str, Any]:
    """The same for a machine."""
    return {
        "score": score(seen),
        "exhibits": [
            {
                "name": each.exhibit.name,
                "modules": each.exhibit.modules,
                "seed": each.exhibit.seed,
                "expected": each.exhibit.expected.claim if each.exhibit.expected else None,
                "verdict": each.verdict,
                "sight": each.sight,
                "detail": each.detail,
                "seconds": round(each.seconds, 1),
                "tries": each.tries,
                "run": str(each.run) if each.run else None,
            }
            for each in seen
        ],
    }
