"""The open-model schedule: what is due when, first attempts and retries alike.

Pure: it knows no clock and no network. A retry is one more entry, so that waiting for it occupies
no sender, and the time it was meant to start is known as exactly as a first attempt's.
"""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass

from scenarios.arrivals import Arrival
from scenarios.model import Retries


@dataclass(frozen=True, order=True)
class Attempt:
    """One try at one arrival. Ordered by the time it is due, seconds since the load's start."""

    due_s: float
    number: int  # of the arrival
    attempt: int  # from 1
    arrival: Arrival
    action: str


class Schedule:
    """Attempts by the time they are due; arrivals are drawn lazily."""

    def __init__(self, streams: dict[str, Iterator[Arrival]], retries: Retries, seed: int) -> None:
        """`streams`: for each action its arrivals, in the order of their intended times."""
        self._streams = streams
        self._retries = retries
        self._seed = seed
        self._due: list[Attempt] = []
        self.unfinished = 0  # taken and neither done nor given up
        for action in streams:
            self._draw(action)

    def _draw(self, action: str) -> None:
        arrival = next(self._streams[action], None)
        if arrival is not None:
            first = Attempt(arrival.intended_s, arrival.number, 1, arrival, action)
            heapq.heappush(self._due, first)

    def next_due_s(self) -> float | None:
        """When the next attempt is due; None when nothing is scheduled now."""
        return self._due[0].due_s if self._due else None

    def take(self) -> Attempt:
        """Remove and return the attempt that is due first. Raises IndexError when empty."""
        attempt = heapq.heappop(self._due)
        if attempt.attempt == 1:
            self._draw(attempt.action)
        self.unfinished += 1
        return attempt

    def finish(self) -> None:
        """An attempt came to its end, whatever the end was."""
        self.unfinished -= 1

    def retry(self, attempt: Attempt, now_s: float, not_before_s: float = 0.0) -> bool:
        """Schedule another attempt after a jittered, doubling pause; False: none are left.

        `not_before_s` is the pause the server asked for (Retry-After).
        """
        if attempt.attempt >= self._retries.attempts_max:
            return False
        ceiling_s = min(
            self._retries.backoff_s * 2 ** (attempt.attempt - 1), self._retries.backoff_max_s
        )
        jitter = random.Random(f"{self._seed}/{attempt.number}/{attempt.attempt}").uniform(0.5, 1)
        pause_s = max(ceiling_s * jitter, min(not_before_s, self._retries.backoff_max_s))
        heapq.heappush(
            self._due,
            Attempt(
                now_s + pause_s,
                attempt.number,
                attempt.attempt + 1,
                attempt.arrival,
                attempt.action,
            ),
        )
        return True

    @property
    def exhausted(self) -> bool:
        """Nothing is due any more and nothing is under way that could be retried."""
        return not self._due and not self.unfinished
