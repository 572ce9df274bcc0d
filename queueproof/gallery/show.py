"""The gallery's result as a table, as JSON, and as one line: the mutation score."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

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
    rows = [
        ("twin", "in place of", "expected", "verdict", ""),
        *(
            (
                each.exhibit.name,
                ", ".join(each.exhibit.modules) or "-",
                f"{each.exhibit.expected.claim} refuted"
                if each.exhibit.expected
                else "none refuted",
                each.verdict,
                each.sight,
            )
            for each in seen
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    seconds = ["s", *(f"{each.seconds:.0f}" for each in seen)]
    styles = ["", *(_STYLES.get(each.sight, "bold red") for each in seen)]
    for row, took_s, style in zip(rows, seconds, styles, strict=True):
        *cells, sight = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        text = Text("  ".join(cells) + "  ").append(sight, style).append(f"{took_s:>5}")
        console.print(text, soft_wrap=True)
    for each in seen:
        if each.sight not in GOOD:
            place = f"\n  evidence: queueproof report {each.run}" if each.run else ""
            console.print(Text(f"{line(each)}{place}"), soft_wrap=True)
    console.print(Text(score(seen)), soft_wrap=True)


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
