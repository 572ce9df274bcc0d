"""Precision and recall from labelled and detected spans.

One rule for every engine, on characters of the raw line: a labelled value counts as found when
detections of its kind cover at least half of it, a detection as right when labels of its kind do.
What overlaps a city is right for no kind and wrong for none: whether a city without a street is
personal is a question of policy.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from compliance.pii.corpus import KINDS, Label, LabelledLine

_Z_95 = 1.959964


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, at 95 %: honest for small numbers and for shares near 1."""
        if not self.of:
            return 0.0, 1.0
        share, spread = self.value, _Z_95**2 / self.of
        middle = share + spread / 2
        half = _Z_95 * math.sqrt(share * (1 - share) / self.of + spread / (4 * self.of))
        low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
        return max(0.0, low), min(1.0, high)


@dataclass
class Scores:
    """What one engine found of a corpus and what it made up."""

    found: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    detected: Counter[str] = field(default_factory=Counter)
    clean_flagged: Share = Share(0, 0)

    def recall(self, kind: str) -> Share:
        return Share(self.found[kind], self.labelled[kind])

    def precision(self, kind: str) -> Share:
        return Share(self.right[kind], self.detected[kind])

    def add(self, line: LabelledLine, detections: Sequence[Label]) -> None:
        """Count one line."""
        cities = [label for label in line.labels if label.kind == "city"]
        for label in counted(line):
            self.labelled[label.kind] += 1
            self.found[label.kind] += is_covered(label, detections)
        for detection in detections:
            if any(city.start < detection.end and detection.start < city.end for city in cities):
                continue
            self.detected[detection.kind] += 1
            self.right[detection.kind] += is_covered(detection, line.labels)


def counted(line: LabelledLine) -> list[Label]:
    """The labels that an engine has to find."""
    return [label for label in line.labels if label.kind in KINDS]


def is_covered(span: Label, by: Iterable[Label]) -> bool:
    """Whether spans of the same kind cover half of it."""
    covered: set[int] = set()
    for other in by:
        if other.kind == span.kind:
            covered.update(range(max(span.start, other.start), min(span.end, other.end)))
    return 2 * len(covered) >= span.end - span.start
