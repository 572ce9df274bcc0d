"""Which of a schedule's emails a worker sends: every n-th, by number."""

from collections.abc import Iterator
from dataclasses import dataclass

from scenarios.arrivals import Arrival


@dataclass(frozen=True)
class Share:
    """The `index`-th of `count` equal parts of a load, from 0."""

    index: int
    count: int

    def of(self, arrivals: Iterator[Arrival]) -> Iterator[Arrival]:
        """Its arrivals, in the same order. Together the shares are the whole, each arrival once."""
        return (arrival for arrival in arrivals if arrival.number % self.count == self.index)


WHOLE = Share(0, 1)
