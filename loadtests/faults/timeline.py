"""Which fault begins and ends when: one timeline for all kinds, stepped by the harness.

    waiting --its time, or its trigger--> active --its end, or the load's--> healing --> over

A step never waits: a component that takes a second to start again delays no other fault. What is
not healed at the load's end is healed then, and also when the harness is told to stop.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from loadtests.faults.journal import FaultJournal
from loadtests.faults.tails import Triggers
from loadtests.processes import ComponentError
from scenarios.faults import Fault, ProcessFault

HEAL_TIMEOUT_S = 40.0  # a component that drains before it ends takes 25 s at most
STEP_S = 0.002


class FaultError(Exception):
    """A fault could not be caused or healed, so the experiment would prove nothing."""


class Injection(Protocol):
    """One fault at work. Its making causes it; raises FaultError when it cannot be."""

    def has_fired(self) -> bool:
        """Whether it has made a difference so far."""
        ...

    def heal(self) -> None:
        """Begin to undo it; returns at once. Raises FaultError."""
        ...

    def is_healed(self) -> bool:
        """Whether all is as before. Raises FaultError when it will never be."""
        ...


Inject = Callable[[Fault], Injection]


@dataclass
class _Planned:
    fault: Fault
    action: str
    phase: Literal["waiting", "active", "healing", "over"] = "waiting"
    triggered_s: float | None = None
    began_s: float = 0.0
    injection: Injection | None = None
    has_fired: bool = False


class Timeline:
    """The faults of one load."""

    def __init__(
        self,
        faults: Sequence[Fault],
        inject: Inject,
        triggers: Triggers,
        journal: FaultJournal,
        *,
        start_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`start_s` is when the load began, on the clock."""
        self._inject = inject
        self._triggers = triggers
        self._journal = journal
        self._clock = clock
        self._start_s = start_s
        self._planned = [_Planned(fault, _action(fault)) for fault in faults]
        self.problems: list[str] = []

    def step(self) -> None:
        """Begin, watch and end what is due."""
        self._triggers.look()
        for planned in self._planned:
            if planned.phase != "over":
                self._step(planned)

    def heal_all(self, timeout_s: float = HEAL_TIMEOUT_S) -> None:
        """End every fault now and wait until all is as before."""
        for planned in self._planned:
            if planned.phase == "waiting":
                planned.phase = "over"
            elif planned.phase == "active":
                self._look_whether_fired(planned)
                self._begin_to_heal(planned)
        deadline_s = self._clock() + timeout_s
        while any(planned.phase == "healing" for planned in self._planned):
            self.step()
            if self._clock() > deadline_s:
                unhealed = [p.fault.label for p in self._planned if p.phase == "healing"]
                self.problems.append(f"not healed in time: {', '.join(unhealed)}")
                return
            time.sleep(STEP_S)

    def _step(self, planned: _Planned) -> None:
        try:
            if planned.phase == "waiting" and self._is_due(planned):
                planned.injection = self._inject(planned.fault)
                planned.phase, planned.began_s = "active", self._clock()
                self._write("start", planned)
            if planned.phase == "active":
                self._look_whether_fired(planned)
                if self._clock() >= self._ends_s(planned):
                    self._begin_to_heal(planned)
            if planned.phase == "healing":
                assert planned.injection is not None
                if planned.injection.is_healed():
                    planned.phase = "over"
                    self._write("end", planned)
        except (FaultError, ComponentError) as error:
            planned.phase = "over"
            self.problems.append(f"{planned.fault.label}: {error}")

    def _is_due(self, planned: _Planned) -> bool:
        after = getattr(planned.fault, "after", None)
        if after is None:
            since_s = self._start_s
        else:
            if planned.triggered_s is None and self._triggers.has_come(after):
                planned.triggered_s = self._clock()
            if planned.triggered_s is None:
                return False
            since_s = planned.triggered_s
        return self._clock() - since_s >= planned.fault.start_s

    def _ends_s(self, planned: _Planned) -> float:
        fault = planned.fault
        if isinstance(fault, ProcessFault):
            return planned.began_s + fault.down_s
        if fault.end_s is None:
            return float("inf")
        return planned.began_s + fault.end_s - fault.start_s

    def _look_whether_fired(self, planned: _Planned) -> None:
        assert planned.injection is not None
        if not planned.has_fired and planned.injection.has_fired():
            planned.has_fired = True
            self._write("fired", planned)

    def _begin_to_heal(self, planned: _Planned) -> None:
        assert planned.injection is not None
        planned.phase = "healing"
        planned.injection.heal()

    def _write(self, event: str, planned: _Planned) -> None:
        self._journal.write(event, planned.fault, planned.action)


def _action(fault: Fault) -> str:
    """What of the pipeline it breaks, for the ledger."""
    if fault.at == "network":
        return "-".join(fault.between)
    return str(getattr(fault, "component", fault.at))
