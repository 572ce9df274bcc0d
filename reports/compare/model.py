"""What the compare page shows, as plain values: rounded, cleaned, marked."""

from dataclasses import dataclass
from typing import Literal

from compliance.verdict import Outcome
from reports.model import RunView

Mark = Literal["", "best", "worst"]


@dataclass(frozen=True)
class Cell:
    """One figure of one configuration; `detail` says what it rests on."""

    text: str
    detail: str = ""
    mark: Mark = ""
    outcome: Outcome | None = None  # of a cell that tells a verdict


@dataclass(frozen=True)
class CompareTable:
    """One row a configuration."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]
    note: str = ""


@dataclass(frozen=True)
class Curve:
    """A configuration's points."""

    label: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class CurveChart:
    """One quantity over another, one curve a configuration; the upright axis is logarithmic."""

    title: str
    unit: str
    x_title: str
    curves: list[Curve]
    is_x_log: bool = False

    @property
    def description(self) -> str:
        """The chart in words, for those who cannot see it."""
        parts = [
            f"{curve.label} "
            + ", ".join(f"{y:,.4g} {self.unit} at {x:,.7g}" for x, y in curve.points)
            for curve in self.curves
        ]
        return f"{self.title} over {self.x_title}: {'; '.join(parts) or 'no values'}."


@dataclass(frozen=True, kw_only=True)
class CompareView:
    """All that is shown of a comparison, beside the run's own view."""

    run: RunView
    scenario: str
    work: str  # the load, in words
    configurations: list[tuple[str, str]]  # name, summary
    sentences: list[str]
    tables: list[CompareTable]
    charts: list[CurveChart]  # latency over throughput
    costs: CurveChart
    troubles: list[str]
