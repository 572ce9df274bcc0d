"""All faults of one experiment: prepared before the pipeline starts, run under its load, healed."""

from collections.abc import Sequence
from pathlib import Path

from loadtests.faults import process
from loadtests.faults.journal import FaultJournal
from loadtests.faults.plans import Plan
from loadtests.faults.tails import Triggers
from loadtests.faults.timeline import FaultError, Injection, Timeline
from loadtests.pipeline import Pipeline
from scenarios.faults import Fault, ProcessFault


class FaultRunner:
    """Owns the timeline and the components' own fault plans."""

    def __init__(self, faults: Sequence[Fault], folder: Path, seed: int) -> None:
        """Raises OSError when the fault ledger cannot be opened."""
        self._faults = faults
        self._folder = folder
        self._seed = seed
        self._journal = FaultJournal(folder)
        self._pipeline: Pipeline | None = None
        self._plans: dict[str, Plan] = {}
        self._timeline: Timeline | None = None

    @property
    def keeps_data(self) -> bool:
        """Whether SQS has to survive its own death."""
        return any(getattr(fault, "component", None) == "sqs" for fault in self._faults)

    def begin(self, pipeline: Pipeline, start_s: float) -> None:
        """The load began at `start_s`. Raises FaultError."""
        self._pipeline = pipeline
        self._plans = {
            component: Plan(who, endpoint, planned, self._seed)
            for component, who, endpoint, planned in (
                ("sqs", "SQS", pipeline.sqs_endpoint, [f for f in self._faults if f.at == "sqs"]),
                (
                    "sink",
                    "the sink",
                    pipeline.sink_url,
                    [f for f in self._faults if f.at == "provider"],
                ),
            )
            if planned
        }
        for plan in self._plans.values():
            plan.begin()
        own = [fault for fault in self._faults if fault.at not in {"sqs", "provider"}]
        awaited = {after.ledger for fault in own if (after := getattr(fault, "after", None))}
        self._timeline = Timeline(
            own, self._inject, Triggers(self._folder, awaited), self._journal, start_s=start_s
        )

    def step(self) -> None:
        """Begin and end what is due; to be called every few milliseconds."""
        if self._timeline is not None:
            self._timeline.step()

    def heal(self) -> list[str]:
        """End all faults and wait until everything works again; returns what was amiss."""
        problems = []
        if self._timeline is not None:
            self._timeline.heal_all()
            problems += self._timeline.problems
            self._timeline = None
        for plan in self._plans.values():
            try:
                plan.end()
            except FaultError as error:
                problems.append(str(error))
        self._plans = {}
        return problems

    def close(self) -> None:
        self._journal.close()

    def _inject(self, fault: Fault) -> Injection:
        assert self._pipeline is not None
        if isinstance(fault, ProcessFault):
            return process.inject(fault, self._pipeline.parts, self._came_back)
        raise FaultError(f"no way to cause {fault.kind} at {fault.at}")

    def _came_back(self, component: str) -> None:
        if component in self._plans:
            self._plans[component].renew()
