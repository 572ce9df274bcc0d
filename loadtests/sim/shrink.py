"""A failing seed made short: fewer emails, fewer and shorter faults, the same offence.

Delta debugging (Zeller and Hildebrandt, 2002): parts are left out, in ever smaller pieces, as long
as an email still ends in the same set. What is left out shifts every chance of what remains, so a
shorter story is tried with some other luck, too. What is left is short enough to be read.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from loadtests.sim.plan import Plan
from loadtests.sim.scheduler import SimulationError
from loadtests.sim.trial import Trial, try_plan
from loadtests.sim.world import REFERENCE, Twin
from scenarios.arrivals import Arrival, Person
from scenarios.faults import Fault

# A simulation costs its emails, and as much as this many for the rest of it.
RUN_COST = 8
COST_MAX = 2_000  # a second or two
# A shorter story is tried so many times, with another luck each: small ones cost little.
TRIES_MIN, TRIES_MAX, TRIED_EMAILS = 2, 30, 60
WINDOW_S_MIN = 0.5  # shorter faults say no more

T = TypeVar("T")


def shrunk(failing: Trial, people: list[Person], twin: Twin = REFERENCE) -> Trial:
    """The shortest story found with an offence of the same kind."""
    return _Shrinker(failing, people, twin).run()


class _Shrinker:
    def __init__(self, failing: Trial, people: list[Person], twin: Twin) -> None:
        offending = failing.offending
        assert offending is not None, "only a failing seed can be shrunk"
        self._kind = offending[0]
        self._people = people
        self._twin = twin
        self._best = failing
        self._cost = 0

    def run(self) -> Trial:
        before = None
        self._guess()
        while before != self._plan and self._cost < COST_MAX:
            before = self._plan
            self._leave_out(_faults_of, lambda kept: self._plan.with_less(faults=kept))
            self._leave_out(_arrivals_of, lambda kept: self._plan.with_less(arrivals=kept))
            self._shorten()
        return self._best

    @property
    def _plan(self) -> Plan:
        return self._best.story.plan

    def _still_fails(self, plan: Plan) -> bool:
        """Try it; the best so far is then this one, if it fails alike."""
        emails = len(plan.arrivals)
        tries = min(max(TRIES_MIN, TRIED_EMAILS // (emails + 1)), TRIES_MAX)
        for luck in range(plan.luck, plan.luck + tries):
            if self._cost >= COST_MAX:
                return False
            self._cost += emails + RUN_COST
            try:
                trial = try_plan(plan.with_luck(luck), self._people, self._twin)
            except SimulationError:
                continue
            if trial.offending is not None and trial.offending[0] == self._kind:
                self._best = trial
                return True
        return False

    def _guess(self) -> None:
        """Mostly the offending email is enough, or it and the others of its group."""
        offending = self._best.offending
        assert offending is not None
        alone = [arrival for arrival in self._plan.arrivals if arrival.key == offending[1]]
        groups = {arrival.group for arrival in alone}
        group = [arrival for arrival in self._plan.arrivals if arrival.group in groups]
        if not self._still_fails(self._plan.with_less(arrivals=alone)):
            self._still_fails(self._plan.with_less(arrivals=group))

    def _leave_out(
        self, parts_of: Callable[[Plan], Sequence[T]], without: Callable[[Sequence[T]], Plan]
    ) -> None:
        size = len(parts_of(self._plan))
        while size >= 1:
            start = 0
            while start < len(parts := parts_of(self._plan)):
                kept = [*parts[:start], *parts[start + size :]]
                if not self._still_fails(without(kept)):
                    start += size
            size //= 2

    def _shorten(self) -> None:
        """Halve windows, from either end."""
        for label in [fault.label for fault in self._plan.faults]:
            for change in (_ending_earlier, _starting_later):
                while (plan := _with_fault(self._plan, label, change)) is not None:
                    if not self._still_fails(plan):
                        break


def _faults_of(plan: Plan) -> Sequence[Fault]:
    return plan.faults


def _arrivals_of(plan: Plan) -> Sequence[Arrival]:
    return plan.arrivals


def _with_fault(plan: Plan, label: str, change: Callable[[Fault], Fault | None]) -> Plan | None:
    changed = []
    for fault in plan.faults:
        if fault.label != label:
            changed.append(fault)
            continue
        other = change(fault)
        if other is None:
            return None
        changed.append(other)
    return plan.with_less(faults=changed)


def _ending_earlier(fault: Fault) -> Fault | None:
    if fault.at == "process":
        halved_s = round(fault.down_s / 2, 3)
        return fault.model_copy(update={"down_s": halved_s}) if halved_s >= WINDOW_S_MIN else None
    return _window(fault, lambda start_s, half_s: (start_s, start_s + half_s))


def _starting_later(fault: Fault) -> Fault | None:
    if fault.at == "process":
        return None  # when it happens is what it is
    return _window(fault, lambda start_s, half_s: (start_s + half_s, start_s + 2 * half_s))


def _window(fault: Fault, halve: Callable[[float, float], tuple[float, float]]) -> Fault | None:
    if fault.at == "process" or fault.end_s is None:
        return None
    half_s = (fault.end_s - fault.start_s) / 2
    if half_s < WINDOW_S_MIN:
        return None
    start_s, end_s = halve(fault.start_s, half_s)
    return fault.model_copy(update={"start_s": round(start_s, 3), "end_s": round(end_s, 3)})
