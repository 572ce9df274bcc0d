"""What two runs differ in, experiment by experiment, and how sure that is.

Latencies and rates of one run hang together over time: a pause delays all that was due in it. So
whole seconds are drawn again, not emails (a moving-block bootstrap, Kuensch 1989, with blocks of
one second), and the interval is where the difference lies in 95 of 100 such draws. It tells of the
luck inside these two runs; what differs from day to day on a machine, only more runs can tell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from compliance.ledgers import Ledgers
from reports.numbers import Floats
from reports.sends import email_moments
from scenarios.evidence import EvidenceError, read_experiment, read_manifest

DRAWS = 400
INSIDE = 0.95
SECONDS_MIN = 3  # fewer blocks tell nothing of their spread


@dataclass(frozen=True)
class Difference:
    """One figure of an experiment in both runs; `low` to `high` holds what B is more than A."""

    experiment: str
    what: str
    a: float
    b: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves no room for no difference."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Emails:
    """The emails of one experiment, each in the second in which it was due."""

    seconds: npt.NDArray[np.int64]
    accepted_s: Floats  # after it was due; not a number: never
    delivered_s: Floats

    def drawn(self, generator: np.random.Generator) -> "Emails":
        """As many seconds, each taken from the others by chance."""
        count = int(self.seconds.max()) + 1
        starts = np.searchsorted(self.seconds, np.arange(count + 1))
        picked = generator.integers(0, count, count)
        rows = np.concatenate([np.arange(starts[n], starts[n + 1]) for n in picked])
        taken = np.repeat(np.arange(count), starts[picked + 1] - starts[picked])
        return Emails(taken, self.accepted_s[rows], self.delivered_s[rows])


def _quantile(values: Floats, quantile: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, quantile) * 1000) if len(known) else float("nan")


FIGURES: dict[str, Callable[[Emails], float]] = {
    "accepted, share": lambda emails: float(np.isfinite(emails.accepted_s).mean()),
    "delivered, share": lambda emails: float(np.isfinite(emails.delivered_s).mean()),
    "accepted p50, ms": lambda emails: _quantile(emails.accepted_s, 0.5),
    "accepted p99, ms": lambda emails: _quantile(emails.accepted_s, 0.99),
    "delivered p50, ms": lambda emails: _quantile(emails.delivered_s, 0.5),
    "delivered p99, ms": lambda emails: _quantile(emails.delivered_s, 0.99),
}


def compare_runs(run_a: Path, run_b: Path) -> list[Difference]:
    """Of every experiment of the same name that sent emails in both.

    Raises EvidenceError when one is no run directory, or they have no such experiment in common.
    """
    names_b = read_manifest(run_b).experiments
    common = [name for name in read_manifest(run_a).experiments if name in names_b]
    found: list[Difference] = []
    for name in common:
        a, b = read_emails(run_a / name), read_emails(run_b / name)
        if a is not None and b is not None:
            found += differences(name, a, b)
    if not found:
        raise EvidenceError(
            f"{run_a} and {run_b}: no experiment of the same name sent emails in both for at least "
            f"{SECONDS_MIN} seconds"
        )
    return found


def differences(name: str, a: Emails, b: Emails, draws: int = DRAWS) -> Sequence[Difference]:
    """All figures of one experiment; the same emails give the same intervals."""
    generator = np.random.default_rng(1)
    drawn = [(a.drawn(generator), b.drawn(generator)) for _ in range(draws)]
    found = []
    for what, of in FIGURES.items():
        more = np.array([of(drawn_b) - of(drawn_a) for drawn_a, drawn_b in drawn])
        more = more[np.isfinite(more)]
        if len(more):
            low, high = np.quantile(more, [(1 - INSIDE) / 2, (1 + INSIDE) / 2])
            found.append(Difference(name, what, of(a), of(b), float(low), float(high)))
    return found


def read_emails(folder: Path) -> Emails | None:
    """None where nothing can be compared: too short, or no emails. Raises EvidenceError."""
    if not (folder / "experiment.json").exists():
        return None
    read_experiment(folder)
    with Ledgers(folder) as ledgers:
        due_s, accepted_s, delivered_s = email_moments(ledgers)
    order = np.argsort(due_s, kind="stable")
    order = order[np.isfinite(due_s[order])]
    if not len(order):
        return None
    due_s = due_s[order]
    seconds = (due_s - due_s[0]).astype(np.int64)
    if seconds[-1] + 1 < SECONDS_MIN:
        return None
    return Emails(seconds, accepted_s[order] - due_s, delivered_s[order] - due_s)
