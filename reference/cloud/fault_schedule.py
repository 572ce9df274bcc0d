"""Which fault a call meets: windows that open and close by the clock, and seeded draws.

For every call the faults are asked in order, and the first that fires wins. Each draws from its own
random stream, derived from the plan's seed and its place, so the same plan over the same calls
fires the same faults, whatever the others do.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from reference.clock import Clock
from reference.cloud.fault_plan import FaultPlanError, PlannedFault

F = TypeVar("F", bound=PlannedFault)


@dataclass(slots=True)
class Armed(Generic[F]):
    """A fault of the plan in force, and the random stream that is its own."""

    fault: F
    randomness: random.Random
    starts_at_s: float
    ends_at_s: float
    phase: Literal["waiting", "active", "over"] = "waiting"
    met: int = 0  # calls that it could have broken

    def is_on(self, now_s: float) -> bool:
        period_s = self.fault.period_s
        if self.phase != "active":
            return False
        return period_s is None or (now_s - self.starts_at_s) % period_s < period_s / 2

    def fires(self) -> bool:
        """Whether it breaks a call that it meets."""
        self.met += 1
        # It always draws, so that a condition more does not shift later draws.
        is_drawn = self.randomness.random() < self.fault.probability
        return is_drawn and self.fault.nth_call in {None, self.met}


class FaultSchedule(Generic[F]):
    """The plan in force. `on_window` is told when the window of a fault opens or closes."""

    def __init__(self, clock: Clock, on_window: Callable[[str, F, float], None]) -> None:
        """`on_window(event, fault, at_s)`, where the event is `start` or `end`."""
        self._clock = clock
        self._on_window = on_window
        self._armed: list[Armed[F]] = []
        self._seed = 0

    def replace(self, faults: Sequence[F], seed: int) -> None:
        """Another plan; its seconds count from now. Windows that are open end."""
        now_s = self._clock.now_s()
        self.settle()
        for armed in self._armed:
            if armed.phase == "active":
                self._on_window("end", armed.fault, now_s)
        self._seed = seed
        self._armed = [self._arm(fault, place, now_s) for place, fault in enumerate(faults)]
        self.settle()

    def add(self, faults: Sequence[F]) -> None:
        """Ask these after those in force, which go on; their seconds count from now.

        Raises FaultPlanError when a label is in use, ended or not: its count would be ambiguous.
        """
        labels = [armed.fault.label for armed in self._armed] + [fault.label for fault in faults]
        for label in labels:
            if labels.count(label) > 1:
                raise FaultPlanError(f"label: {label[:80]!r} is in use")
        now_s, first = self._clock.now_s(), len(self._armed)
        self._armed += [self._arm(fault, first + n, now_s) for n, fault in enumerate(faults)]
        self.settle()

    def end(self, label: str) -> bool:
        """End one fault now. False when no fault has this label."""
        self.settle()
        now_s = self._clock.now_s()
        for armed in self._armed:
            if armed.fault.label == label:
                if armed.phase == "active":
                    self._on_window("end", armed.fault, now_s)
                armed.phase = "over"
                return True
        return False

    def _arm(self, fault: F, place: int, now_s: float) -> Armed[F]:
        return Armed(
            fault,
            random.Random(f"{self._seed}/{place}"),
            now_s + fault.start_s,
            float("inf") if fault.end_s is None else now_s + fault.end_s,
        )

    def settle(self) -> None:
        """Open and close windows as time has passed."""
        if not self._armed:
            return
        now_s = self._clock.now_s()
        for armed in self._armed:
            if armed.phase == "waiting" and armed.starts_at_s <= now_s:
                armed.phase = "active"
                self._on_window("start", armed.fault, armed.starts_at_s)
            if armed.phase == "active" and armed.ends_at_s <= now_s:
                armed.phase = "over"
                self._on_window("end", armed.fault, armed.ends_at_s)

    def next_due_s(self) -> float | None:
        """When the next window opens or closes, on the clock's scale."""
        due = [
            armed.starts_at_s if armed.phase == "waiting" else armed.ends_at_s
            for armed in self._armed
            if armed.phase != "over"
        ]
        return min(due, default=None)

    def decide(self, meets: Callable[[F], bool]) -> Armed[F] | None:
        """The first fault that fires on a call; `meets` says which ones could."""
        if not self._armed:
            return None
        self.settle()
        now_s = self._clock.now_s()
        for armed in self._armed:
            if armed.is_on(now_s) and meets(armed.fault) and armed.fires():
                return armed
        return None
