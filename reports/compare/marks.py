"""Which figure of a column is the best and which the worst, if any stands out."""

from collections.abc import Sequence
from typing import Literal

from reports.compare.model import Mark

Better = Literal["high", "low"]


def marks(values: Sequence[float | None], better: Better, tolerance: float = 0.0) -> list[Mark]:
    """A mark for each value; figures within `tolerance` (a share) of the best one are as good.

    Where most are as good as the best, only the worst stands out; where all are, or nothing was
    measured, nothing does.
    """
    known = [value for value in values if value is not None]
    if not known:
        return [""] * len(values)
    high, low = max(known), min(known)
    best, worst = (high, low) if better == "high" else (low, high)
    if _near(worst, best, tolerance):
        return [""] * len(values)
    found = [_mark(value, best, worst, tolerance) for value in values]
    if 2 * found.count("best") > len(known):
        return ["" if mark == "best" else mark for mark in found]
    return found


def _mark(value: float | None, best: float, worst: float, tolerance: float) -> Mark:
    if value is None:
        return ""
    if _near(value, best, tolerance):
        return "best"
    return "worst" if _near(value, worst, tolerance) else ""


def _near(value: float, other: float, tolerance: float) -> bool:
    return abs(value - other) <= tolerance * abs(other)
