"""The one command that tries an experiment again: same scenario, same seed, same parts."""

import hashlib
import shlex
from pathlib import Path

from scenarios.evidence import ExperimentRecord, Plan, read_experiment
from scenarios.model import LogScan, Recorded, catalog_names, load_scenario, parse_scenario

REFERENCE = "reference"  # what a record's `target` says when nobody else's service was driven


def replay_command(run: Path, name: str, plan: Plan, seed: int) -> str:
    """What to type, in the folder that holds the run's own; empty when it cannot be tried again.

    A scenario that the catalogue does not have, or no longer has in these words, is read from the
    run. Raises EvidenceError when the experiment's record is damaged.
    """
    recorded = (run / name / "experiment.json").exists()
    record = read_experiment(run / name) if recorded else None
    if record is not None:
        load = parse_scenario(record.scenario_toml, f"{name}/experiment.json").load
        if isinstance(load, Recorded):
            return ""
        if isinstance(load, LogScan):
            record = None
    scenario = _scenario(run, name, plan)
    if record is not None and record.modules:
        parts = [f"--replace={part}={module}" for part, module in sorted(record.modules.items())]
        arguments = shlex.join([*parts, "--seed", str(seed), scenario])
        return f'python -m queueproof.gallery.trial --run "$(mktemp -d)" {arguments}'
    command = ["queueproof", "run", scenario, *_how(plan, record), "--seed", str(seed)]
    return shlex.join(command)


def _scenario(run: Path, name: str, plan: Plan) -> str:
    if plan.scenario in catalog_names():
        _, text = load_scenario(plan.scenario)
        if hashlib.sha256(text.encode()).hexdigest() == plan.scenario_sha256:
            return plan.scenario
    kept = run.resolve() / name / "scenario.toml"
    return str(Path(*kept.parts[-4:])) if kept.exists() else plan.scenario


def _how(plan: Plan, record: ExperimentRecord | None) -> list[str]:
    if plan.is_simulated:
        return ["--sim"]
    if record is not None and record.target != REFERENCE:
        return ["--target", record.target]
    return []
