"""All faults of one experiment: prepared before the pipeline starts, run under its load, healed."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from loadtests.faults import process
from loadtests.faults.clock import Stepped, SteppedClock
from loadtests.faults.disk import CutLog, FullDisk, LogPipe
from loadtests.faults.journal import FaultJournal
from loadtests.faults.network import network_for
from loadtests.faults.plans import Plan
from loadtests.faults.tails import Triggers
from loadtests.faults.timeline import FaultError, Injection, Timeline
from loadtests.pipeline import Pipeline
from loadtests.supervised import Rig, Supervised
from scenarios.faults import ClockFault, DiskFault, Fault, Nature, ProcessFault

# What a component appends to, beside its log.
JOURNALS = {"sqs": ["queue.jsonl"], "worker": ["worker.jsonl"], "sink": ["sink.jsonl"], "api": []}


class FaultRunner:
    """Owns the timeline, the components' own fault plans, and what faults need prepared."""

    def __init__(
        self, faults: Sequence[Fault], folder: Path, seed: int, nature: Sequence[Nature] = ()
    ) -> None:
        """`nature` is what the queue does of its own accord, beside the faults.

        Raises OSError when what faults need cannot be made.
        """
        self._faults = faults
        self._nature = nature
        self._folder = folder
        self._seed = seed
        self._pipeline: Pipeline | None = None
        self._plans: dict[str, Plan] = {}
        self._timeline: Timeline | None = None
        (folder / "logs").mkdir(exist_ok=True)
        with ExitStack() as cleanup:
            self._journal = FaultJournal(folder)
            cleanup.callback(self._journal.close)
            self._clocks: dict[str, SteppedClock] = {}
            for component in self._components_of("clock"):
                self._clocks[component] = SteppedClock(folder / f"{component}.clock")
                cleanup.callback(self._clocks[component].close)
            self._pipes: dict[str, LogPipe] = {}
            for component in self._components_of("disk", "unwritable-log"):
                self._pipes[component] = LogPipe(folder / "logs" / f"{component}.log")
                cleanup.callback(self._pipes[component].close)
            self.network = network_for([fault for fault in faults if fault.at == "network"])
            cleanup.callback(self.network.close)
            self._cleanup = cleanup.pop_all()

    @property
    def keeps_data(self) -> bool:
        """Whether SQS has to survive its own death."""
        return any(getattr(fault, "component", None) == "sqs" for fault in self._faults)

    def rigs(self) -> dict[str, Rig]:
        """What the components need to have prepared."""
        rigs = dict(self.network.rigs())
        python_path = os.environ.get("PYTHONPATH", "")
        prepared = [
            *((name, clock.rig(python_path)) for name, clock in self._clocks.items()),
            *((name, pipe.rig) for name, pipe in self._pipes.items()),
        ]
        for name, rig in prepared:
            rigs[name] = rigs.get(name, Rig()) + rig
        return rigs

    def begin(self, pipeline: Pipeline, start_s: float) -> None:
        """The load began at `start_s`. Raises FaultError."""
        self._pipeline = pipeline
        at_sqs = [*(fault for fault in self._faults if fault.at == "sqs"), *self._nature]
        at_provider = [fault for fault in self._faults if fault.at == "provider"]
        if at_sqs:
            self._plans["sqs"] = Plan("SQS", pipeline.sqs_endpoint, at_sqs, self._seed)
        if at_provider:
            self._plans["sink"] = Plan("the sink", pipeline.sink_url, at_provider, self._seed)
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave nothing behind; the components have ended by now."""
        self._cleanup.close()

    def _components_of(self, at: str, kind: str | None = None) -> list[str]:
        """Those that faults of this place and kind are about, each once."""
        return sorted(
            {
                fault.component
                for fault in self._faults
                if isinstance(fault, DiskFault | ClockFault)
                and fault.at == at
                and kind in {None, fault.kind}
            }
        )

    def _inject(self, fault: Fault) -> Injection:
        """Raises FaultError."""
        assert self._pipeline is not None
        if isinstance(fault, ProcessFault):
            return process.inject(fault, self._pipeline.parts, self._came_back)
        if isinstance(fault, ClockFault):
            return Stepped(fault, self._clocks[fault.component])
        if isinstance(fault, DiskFault):
            if fault.kind == "unwritable-log":
                return CutLog(self._pipes[fault.component])
            part = self._pipeline.parts[fault.component]
            return FullDisk(part, self._files_of(part), self._pipes.get(part.name))
        assert fault.at == "network", f"{fault.at} has a plan of its own"
        return self.network.inject(fault)

    def _files_of(self, part: Supervised) -> list[Path]:
        journals = [self._folder / name for name in JOURNALS[part.name]]
        return [self._folder / "logs" / f"{part.name}.log", *journals]

    def _came_back(self, component: str) -> None:
        if component in self._plans:
            self._plans[component].renew()
