"""Time as a port: real in processes, virtual in tests and in the simulator.

Nothing in `reference` reads the time in another way, so a property test can walk through a
dedup interval or a retention period without sleeping.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Where now comes from."""

    def now_s(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        ...

    def wall_s(self) -> float:
        """Seconds since the Unix epoch, for timestamps that leave the process."""
        ...


class MonotonicClock:
    """The machine's clock. On Linux and macOS all processes of one boot share it."""

    # Read several times a call of the local SQS: no function of ours in between.
    now_s = staticmethod(time.monotonic)
    wall_s = staticmethod(time.time)


class VirtualClock:
    """A clock that moves only when told to."""

    def __init__(self, now_s: float = 0.0, *, epoch_s: float = 1_700_000_000.0) -> None:
        self._now_s = now_s
        self._epoch_s = epoch_s - now_s

    def now_s(self) -> float:
        return self._now_s

    def wall_s(self) -> float:
        return self._epoch_s + self._now_s

    def advance(self, seconds: float) -> None:
        """Move forward. Raises ValueError when asked to go back."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back {-seconds} s")
        self._now_s += seconds
