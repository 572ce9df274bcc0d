"""A circuit breaker: a provider that keeps failing is left alone for a while.

    closed --failures in a row--> open --its time is over--> half-open --success--> closed
                                   ^                             |
                                   +------failure, for longer----+

Half-open lets one call through; the others wait for how it ends. The result of a call that began
before the breaker last changed says nothing of now, and is passed over.
"""

import threading
from dataclasses import dataclass
from typing import Literal

from reference.clock import Clock

State = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """When a breaker opens, and for how long."""

    failures_max: int = 5  # in a row; this many open it
    open_first_s: float = 1.0
    open_max_s: float = 30.0  # each opening in a row lasts twice as long, up to this


class Breaker:
    """Of one provider; several threads use it."""

    def __init__(self, clock: Clock, tolerance: Tolerance) -> None:
        self._clock = clock
        self._tolerance = tolerance
        self._lock = threading.Lock()
        self._state: State = "closed"
        self._era = 0  # counts changes of state; a permit is good for one
        self._failures = 0  # in a row
        self._openings = 0  # in a row
        self._open_until_s = 0.0

    @property
    def admits(self) -> bool:
        """Whether a call would be let through now, and not as a trial."""
        return self._state == "closed"

    def admit(self) -> int | None:
        """A permit for one call, to be recorded or withdrawn; or None: leave it alone."""
        with self._lock:
            if self._state == "open" and self._clock.now_s() >= self._open_until_s:
                self._become("half-open")
                return self._era
            return self._era if self._state == "closed" else None

    def record(self, permit: int, *, is_working: bool) -> State | None:
        """How the call ended. Returns the new state when that changed it."""
        with self._lock:
            if permit != self._era:
                return None
            if is_working:
                self._failures = 0
                return self._close() if self._state == "half-open" else None
            self._failures += 1
            if self._state == "half-open" or self._failures >= self._tolerance.failures_max:
                return self._open()
            return None

    def withdraw(self, permit: int) -> None:
        """The call was not made after all; another may be."""
        with self._lock:
            if permit == self._era and self._state == "half-open":
                self._become("open")  # its time is over already

    def _open(self) -> State:
        tolerance = self._tolerance
        lasts_s = tolerance.open_first_s * 2 ** min(self._openings, 30)
        self._open_until_s = self._clock.now_s() + min(tolerance.open_max_s, lasts_s)
        self._openings += 1
        self._failures = 0
        return self._become("open")

    def _close(self) -> State:
        self._openings = 0
        return self._become("closed")

    def _become(self, state: State) -> State:
        self._state = state
        self._era += 1
        return state
