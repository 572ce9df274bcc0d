"""Many seeds of one scenario, on several cores, and what they came to.

A seed's result depends on the seed alone, so it does not matter how many jobs share the seeds.
"""

import gc
import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing.context import BaseContext

from loadtests.sim.plan import plan_of
from loadtests.sim.scheduler import SimulationError
from loadtests.sim.trial import Trial, try_plan
from loadtests.sim.world import REFERENCE, Twin
from scenarios.arrivals import People
from scenarios.model import Scenario

SEEDS_AT_A_TIME = 10  # of one job, between two words of progress


@dataclass(frozen=True)
class SeedResult:
    """What one seed came to."""

    seed: int
    counts: dict[str, int]  # emails by set
    offending: tuple[str, str] | None  # a set and an email's key
    doubts: tuple[str, ...]
    fired: dict[str, int]  # planned faults by place and kind: how many of them fired
    unfired: dict[str, int]  # and how many did not
    virtual_s: float
    cpu_s: float = field(compare=False)  # for whoever wants to know the price


@dataclass
class Campaign:
    """All results so far, added up."""

    seeds: int = 0
    elapsed_s: float = 0.0
    virtual_s: float = 0.0
    cpu_s: float = field(default=0.0, compare=False)
    counts: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    unfired: Counter[str] = field(default_factory=Counter)
    failing: list[tuple[int, str, str]] = field(default_factory=list)  # seed, set, key
    doubtful: list[tuple[int, str]] = field(default_factory=list)  # seed, why

    def add(self, result: SeedResult) -> None:
        self.seeds += 1
        self.virtual_s += result.virtual_s
        self.cpu_s += result.cpu_s
        self.counts.update(result.counts)
        self.fired.update(result.fired)
        self.unfired.update(result.unfired)
        if result.offending is not None:
            self.failing.append((result.seed, *result.offending))
        elif result.doubts:
            self.doubtful.append((result.seed, result.doubts[0]))

    @property
    def seeds_per_min(self) -> float:
        return 60 * self.seeds / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def times_live(self) -> float:
        """How many seconds of a pipeline's life were simulated in one."""
        return self.virtual_s / self.elapsed_s if self.elapsed_s else 0.0


def run_campaign(
    scenario: Scenario,
    seeds: range,
    *,
    jobs: int,
    twin: Twin = REFERENCE,
    tell: Callable[[Campaign], None] = lambda _: None,
) -> Campaign:
    """Try every seed of a small scenario. `tell` hears how far it got. Raises SimulationError."""
    campaign = Campaign()
    began_s = time.monotonic()
    for results in _in_parts(scenario, seeds, jobs, twin):
        for result in results:
            campaign.add(result)
        campaign.elapsed_s = time.monotonic() - began_s
        tell(campaign)
    return campaign


def _in_parts(
    scenario: Scenario, seeds: range, jobs: int, twin: Twin
) -> Iterator[Sequence[SeedResult]]:
    parts = [seeds[n : n + SEEDS_AT_A_TIME] for n in range(0, len(seeds), SEEDS_AT_A_TIME)]
    try_part = partial(_try_seeds, scenario, twin)
    if jobs == 1 or len(parts) < 2:
        yield from map(try_part, parts)
        return
    with ProcessPoolExecutor(jobs, mp_context=_context(), initializer=_begin_job) as pool:
        try:
            yield from pool.map(try_part, parts)
        finally:
            pool.shutdown(cancel_futures=True)


def _context() -> BaseContext:
    """Jobs are forked off a process that has imported all of this once, where that can be done."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _begin_job() -> None:
    # Ctrl-C is for the parent, which then ends its jobs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.freeze()  # what is imported stays; looking at it again and again takes time


# Its word lists take as long to load as several people to make, and are the same each time.
_people = cache(People)


def _try_seeds(scenario: Scenario, twin: Twin, seeds: range) -> list[SeedResult]:
    people = _people()
    # Cycles are collected between the seeds: within one they cost time and free nothing.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        results = []
        for seed in seeds:
            results.append(_try_seed(scenario, seed, people, twin))
            # What is younger than the seed before: all that this one left, and nothing of the rest.
            # At once, because the next seed is quicker in memory that is still in the cache.
            gc.collect(0)
        return results
    finally:
        if was_enabled:
            gc.enable()


def _try_seed(scenario: Scenario, seed: int, people: People, twin: Twin) -> SeedResult:
    began_s = time.process_time()
    plan = plan_of(scenario, seed)
    try:
        trial = try_plan(plan, people.of_seed(plan.load.people, seed), twin)
        return _result_of(trial, time.process_time() - began_s)
    except SimulationError as error:
        raise SimulationError(f"seed {seed}: {error}") from error


def _result_of(trial: Trial, cpu_s: float) -> SeedResult:
    """What a campaign keeps of a trial."""
    plan = trial.story.plan
    fired = {row["fault"] for row in trial.story.rows["faults"] if row["event"] == "fired"}
    by_kind: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for fault in plan.faults:
        by_kind[fault.label in fired][f"{fault.at}-{fault.kind}"] += 1
    return SeedResult(
        seed=plan.seed,
        counts=trial.sets.counts(),
        offending=trial.offending,
        doubts=tuple(trial.doubts),
        fired=dict(by_kind[True]),
        unfired=dict(by_kind[False]),
        virtual_s=trial.story.virtual_s,
        cpu_s=cpu_s,
    )
