"""Storms in virtual time: how many seeds a minute, and how much faster than live that is.

The reference has to come out of every one of them clean; otherwise the speed of something else is
measured.
"""

import os
from collections.abc import Iterator

from benchmarks.figures import BenchError, Row, Table, at_least
from benchmarks.stage import Bench, Stage
from loadtests.sim.campaign import Campaign, run_campaign
from loadtests.sim.plan import made_small
from scenarios.model import load_scenario

SCENARIO = "storm"
SEEDS, QUICK_SEEDS = 1_000, 200
SEEDS_PER_MIN_MIN, TIMES_LIVE_MIN = 2_000, 200


def run(stage: Stage) -> Iterator[Table]:
    """Raises BenchError when a seed fails or cannot be told."""
    small, _ = made_small(load_scenario(SCENARIO)[0])
    seeds = QUICK_SEEDS if stage.is_quick else SEEDS
    cores = os.cpu_count() or 1
    campaigns: dict[int, list[Campaign]] = {cores: []}
    for repeat in range(2):
        stage.say(f"{seeds:,} storms on {cores} cores")
        first = 1 + repeat * seeds
        found = run_campaign(small, range(first, first + seeds), jobs=cores)
        campaigns[cores].append(_clean(found))
    if cores > 1:
        stage.say("the same on one core")
        alone = run_campaign(small, range(1, 1 + seeds // 10), jobs=1)
        campaigns[1] = [_clean(alone)]
    yield speeds(campaigns)


def speeds(campaigns: dict[int, list[Campaign]]) -> Table:
    """By number of cores, the most first: that row has the goals."""
    rows: list[Row] = []
    for cores, found in campaigns.items():
        is_whole = not rows
        name = f"{cores} cores" if cores > 1 else "1 core"
        seeds = sum(each.seeds for each in found)
        cpu_ms = 1_000 * sum(each.cpu_s for each in found) / seeds
        rows.append(
            Row(
                name=name,
                unit="seeds/min",
                samples=tuple(each.seeds_per_min for each in found),
                goals=(at_least(SEEDS_PER_MIN_MIN),) if is_whole else (),
                note=f"{seeds:,} seeds, {cpu_ms:.0f} ms of CPU each",
            )
        )
        if is_whole:
            rows.append(
                Row(
                    name=name,
                    unit="s of life/s",
                    samples=tuple(each.times_live for each in found),
                    goals=(at_least(TIMES_LIVE_MIN),),
                )
            )
    return Table(title="Storms in virtual time, start-up included", rows=rows)


def _clean(campaign: Campaign) -> Campaign:
    for seed, what, key in campaign.failing[:1]:
        raise BenchError(f"seed {seed} of {SCENARIO} fails: {what} {key}")
    for seed, why in campaign.doubtful[:1]:
        raise BenchError(f"seed {seed} of {SCENARIO} cannot tell: {why}")
    return campaign


SIM = Bench(
    name="sim",
    summary="simulated storms a minute, and how much faster than live they are",
    budget_s=75,
    quick_budget_s=20,
    run=run,
)
