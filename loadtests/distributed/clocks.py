"""How far another host's clock is from ours, and how well that is known.

A ping tells when it left, what the other clock said, and when the answer was back. Whatever the
two ways took, the other clock was read between the two moments: so the offset is known to half the
round trip, exactly, and the quickest of several pings knows it best (NTP, RFC 5905, section 8).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ping:
    sent_s: float  # on our clock
    theirs_s: float  # on the other
    received_s: float  # on ours

    @property
    def round_trip_s(self) -> float:
        return self.received_s - self.sent_s


@dataclass(frozen=True)
class Offset:
    """The other clock minus ours; the truth is within `uncertainty_s` of it."""

    offset_s: float
    uncertainty_s: float

    def ours(self, theirs_s: float) -> float:
        """A moment of their clock on ours."""
        return theirs_s - self.offset_s

    def theirs(self, ours_s: float) -> float:
        """A moment of our clock on theirs."""
        return ours_s + self.offset_s


def offset_of(pings: Sequence[Ping]) -> Offset:
    """From the quickest of some pings; at least one."""
    best = min(pings, key=lambda ping: ping.round_trip_s)
    middle_s = (best.sent_s + best.received_s) / 2
    return Offset(best.theirs_s - middle_s, best.round_trip_s / 2)


def drift_s(before: Offset, after: Offset) -> float:
    """By how much the clocks surely moved against each other; 0 within what is known of them."""
    moved_s = after.offset_s - before.offset_s
    known_s = before.uncertainty_s + after.uncertainty_s
    return 0.0 if abs(moved_s) <= known_s else moved_s
