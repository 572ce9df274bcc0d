"""What a bench is, and what it is given to run on."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Table


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One bench's surroundings: an empty folder, a budget of time, and a line to speak on."""

    folder: Path
    is_quick: bool
    budget_s: float
    say: Callable[[str], None]
    started_s: float = field(default_factory=time.monotonic)

    def left_s(self) -> float:
        """Of the budget; 0 when it is spent."""
        return max(0.0, self.started_s + self.budget_s - time.monotonic())


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One idea, measured. `run` yields each table as soon as it is whole; raises BenchError."""

    name: str
    summary: str
    budget_s: float
    quick_budget_s: float
    run: Callable[[Stage], Iterator[Table]]
