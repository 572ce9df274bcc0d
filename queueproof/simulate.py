"""`queueproof run SCENARIO --sim --seeds N`: many seeds in virtual time, and the first that fails.

A failing seed is made short and told as a story; `--sim --seed N` writes it down as a run and has
it judged like any other.
"""

import json
import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from compliance.verdict import Outcome
from loadtests.sim.campaign import SEEDS_AT_A_TIME, Campaign, run_campaign
from loadtests.sim.plan import made_small, plan_of
from loadtests.sim.shrink import shrunk
from loadtests.sim.story import told
from loadtests.sim.trial import try_plan
from queueproof.progress import PatientConsole, progress
from queueproof.suite import SuiteError
from scenarios.arrivals import synthetic_people
from scenarios.model import Scenario, load_scenario

FAILING_SHOWN = 10
TOLD_TIMES = 20  # words of progress in a campaign
LINE_CHARS = 100


@dataclass(frozen=True)
class Told:
    """What a campaign found, ready to be printed."""

    outcome: Outcome
    text: str


def check_simulable(
    scenarios: Sequence[str], *, is_simulated: bool, seeds: int, jobs: int, target: str
) -> None:
    """Raises SuiteError for options that do not go together."""
    if (seeds or jobs) and not is_simulated:
        raise SuiteError("--seeds and --jobs are for simulations; add --sim")
    if jobs and not seeds:
        raise SuiteError("--jobs shares out many seeds; add --seeds")
    if seeds and len(scenarios) > 1:
        raise SuiteError("--seeds takes one scenario at a time")
    if is_simulated and target:
        raise SuiteError("--sim simulates the reference; leave --target out")


def try_seeds(name: str, seeds: range, *, jobs: int, as_json: bool, quiet: bool) -> Told:
    """Raises ScenarioError and SimulationError."""
    scenario, _ = load_scenario(name)
    small, skipped = made_small(scenario)
    console = PatientConsole(stderr=True)
    with progress(console, quiet=quiet or as_json) as say:

        def tell(campaign: Campaign) -> None:
            if campaign.seeds % max(1, len(seeds) // TOLD_TIMES) >= SEEDS_AT_A_TIME:
                return
            failing = f", {len(campaign.failing)} fail" if campaign.failing else ""
            say(
                f"{scenario.name}: {campaign.seeds:,} of {len(seeds):,} seeds, "
                f"{campaign.seeds_per_min:,.0f} a minute{failing}"
            )

        campaign = run_campaign(small, seeds, jobs=jobs or os.cpu_count() or 1, tell=tell)
        story: list[str] = []
        if campaign.failing:
            say(f"{scenario.name}: making seed {campaign.failing[0][0]} short")
            story = _story(small, campaign.failing[0][0])
    outcome = outcome_of(campaign)
    if as_json:
        return Told(outcome, json.dumps(_as_dict(scenario, campaign, outcome, skipped, story)))
    return Told(outcome, "\n".join(_lines(scenario, campaign, outcome, skipped, story)))


def outcome_of(campaign: Campaign) -> Outcome:
    """A campaign in which nothing was broken, or which could not see its end, does not pass."""
    if campaign.failing:
        return Outcome.REFUTED
    if campaign.doubtful or not campaign.counts["acknowledged"] or not campaign.fired:
        return Outcome.INCONCLUSIVE
    return Outcome.VERIFIED


def replay(scenario: Scenario, seed: int) -> str:
    """The command that shows one seed again."""
    return f"queueproof run {scenario.name} --sim --seed {seed}"


def _kinds(campaign: Campaign) -> list[str]:
    """How often each kind of fault fired, of how often it was planned: never is worth a look."""
    hard = "\N{NO-BREAK SPACE}"
    told = ", ".join(
        f"{kind}{hard}{campaign.fired[kind]:,}/{campaign.fired[kind] + campaign.unfired[kind]:,}"
        for kind in sorted(campaign.fired | campaign.unfired)
    )
    lines = textwrap.wrap(told, LINE_CHARS - 4, break_on_hyphens=False)
    return [f"    {line.replace(hard, ' ')}" for line in lines]


def _story(small: Scenario, seed: int) -> list[str]:
    plan = plan_of(small, seed)
    people = synthetic_people(plan.load.people, seed)
    return told(shrunk(try_plan(plan, people), people))


def _as_dict(
    scenario: Scenario,
    campaign: Campaign,
    outcome: Outcome,
    skipped: list[str],
    story: list[str],
) -> dict[str, object]:
    return {
        "scenario": scenario.name,
        "outcome": str(outcome),
        "seeds": campaign.seeds,
        "elapsed_s": round(campaign.elapsed_s, 3),
        "seeds_per_min": round(campaign.seeds_per_min, 1),
        "times_live": round(campaign.times_live, 1),
        "emails": dict(campaign.counts),
        "faults_fired": dict(campaign.fired),
        "faults_unfired": dict(campaign.unfired),
        "not_simulated": skipped,
        "failing": [
            {"seed": seed, "set": name, "key": key, "replay": replay(scenario, seed)}
            for seed, name, key in campaign.failing
        ],
        "doubtful": [{"seed": seed, "why": why} for seed, why in campaign.doubtful],
        "story": story,
    }


def _lines(
    scenario: Scenario,
    campaign: Campaign,
    outcome: Outcome,
    skipped: list[str],
    story: list[str],
) -> list[str]:
    counts, fired = campaign.counts, sum(campaign.fired.values())
    lines = [
        f"{scenario.name}, simulated: {outcome}; {campaign.seeds:,} seeds in "
        f"{campaign.elapsed_s:.0f} s, {campaign.seeds_per_min:,.0f} a minute, "
        f"{campaign.times_live:,.0f} times as fast as live",
        f"  {counts['acknowledged']:,} acknowledged, {counts['delivered']:,} delivered, "
        f"{counts['parked']:,} parked; {fired:,} of {fired + sum(campaign.unfired.values()):,} "
        "planned faults fired:",
        *_kinds(campaign),
        "  "
        + ", ".join(
            f"{counts[name]:,} {name.replace('_', ' ')}"
            for name in ("lost", "false_ack", "duplicated", "reordered", "swallowed")
        ),
        f"  {counts['ambiguous']:,} delivered twice because the provider's answer was lost: named, "
        "not hidden",
    ]
    if skipped:
        lines.append(f"  not simulated: {', '.join(skipped)}")
    for seed, why in campaign.doubtful[:FAILING_SHOWN]:
        lines.append(f"  seed {seed} cannot tell: {why}; {replay(scenario, seed)}")
    for seed, name, key in campaign.failing[:FAILING_SHOWN]:
        lines.append(f"  seed {seed} fails: {name} {key}; {replay(scenario, seed)}")
    if len(campaign.failing) > FAILING_SHOWN:
        lines.append(f"  ... and {len(campaign.failing) - FAILING_SHOWN:,} seeds more")
    if story:
        lines += [f"seed {campaign.failing[0][0]}, made short:", *story]
    return lines
