"""What a bench measured, as plain values: samples, ratios, and targets that were reached or not."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


class BenchError(Exception):
    """A bench cannot go on: what broke, and where to look."""


@dataclass(frozen=True)
class Goal:
    """What an issue asks of a row: its figure, or its ratio to the row named by `of`."""

    text: str
    low: float = -math.inf
    high: float = math.inf
    of: str | None = None

    def reached(self, value: float) -> bool:
        # 300 * 1.005 is a hair below 301.5: a value on the bound reaches it.
        slack = 1e-9 * abs(value)
        return self.low - slack <= value <= self.high + slack


def at_least(value: float, *, of: str | None = None) -> Goal:
    """The figure, or with `of` its ratio to that row, is to be so high."""
    return Goal(_bound(">=", value, of), low=value, of=of)


def at_most(value: float, *, of: str | None = None) -> Goal:
    """The figure, or with `of` its ratio to that row, is to be so low."""
    return Goal(_bound("<=", value, of), high=value, of=of)


def within(value: float, share: float) -> Goal:
    """The figure is to differ from `value` by no more than `share` of it."""
    return Goal(f"{value:g} +/- {share:.1%}", value * (1 - share), value * (1 + share))


def _bound(sign: str, value: float, of: str | None) -> str:
    return f"{sign} {value:,.6g}" + (f" x {of}" if of is not None else "")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing measured; without samples it was not, and `note` says why."""

    name: str
    unit: str
    samples: tuple[float, ...] = ()
    goals: tuple[Goal, ...] = ()
    note: str = ""

    @property
    def figure(self) -> float | None:
        """The median of the samples."""
        return statistics.median(self.samples) if self.samples else None

    @property
    def spread(self) -> float | None:
        """Half the range of the samples as a share of their median; None for fewer than two."""
        if len(self.samples) < 2 or not self.figure:
            return None
        return (max(self.samples) - min(self.samples)) / 2 / abs(self.figure)


@dataclass(frozen=True)
class Checked:
    """A goal beside what was measured; `value` is None when that could not be told."""

    goal: Goal
    value: float | None

    @property
    def reached(self) -> bool | None:
        return None if self.value is None else self.goal.reached(self.value)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows that belong together. `reference` names the row of each unit that ratios are to."""

    title: str
    rows: Sequence[Row]
    reference: str | None = None

    def ratio(self, row: Row, to: str | None = None) -> float | None:
        """This row's figure over that of the row `to`, or of the reference."""
        other = self._named(to if to is not None else self.reference, row.unit)
        if other is None or not other.figure or row.figure is None:
            return None
        return row.figure / other.figure

    def checked(self, row: Row) -> list[Checked]:
        """Each goal of the row with the figure, or ratio, that it speaks of."""
        return [
            Checked(goal, row.figure if goal.of is None else self.ratio(row, goal.of))
            for goal in row.goals
        ]

    def _named(self, name: str | None, unit: str) -> Row | None:
        return next((row for row in self.rows if (row.name, row.unit) == (name, unit)), None)
