"""The one command that tries an experiment again: same scenario, same seed, same parts."""

import hashlib
import shlex
from pathlib import Path

from scenarios.configuration import DEFAULT, configuration_names, load_configuration
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
    own = DEFAULT  # configuration of the scenario
    if record is not None:
        tried = parse_scenario(record.scenario_toml, f"{name}/experiment.json")
        if isinstance(tried.load, Recorded):
            return ""
        own = tried.configuration
        if isinstance(tried.load, LogScan):
            record = None
    scenario = _scenario(run, name, plan)
    if record is not None and record.modules:
        parts = [f"--replace={part}={module}" for part, module in sorted(record.modules.items())]
        how = _how(run, name, plan, record, own)
        arguments = shlex.join([*parts, *how, "--seed", str(seed), scenario])
        return f'python -m queueproof.gallery.trial --run "$(mktemp -d)" {arguments}'
    command = [
        "queueproof",
        "run",
        scenario,
        *_how(run, name, plan, record, own),
        "--seed",
        str(seed),
    ]
    return shlex.join(command)


def _scenario(run: Path, name: str, plan: Plan) -> str:
    kept = run.resolve() / name / "scenario.toml"
    is_ours = plan.scenario in catalog_names()
    if is_ours and _sha256(load_scenario(plan.scenario)[1]) == plan.scenario_sha256:
        return plan.scenario
    return _kept(kept) if kept.exists() else plan.scenario


def _how(run: Path, name: str, plan: Plan, record: ExperimentRecord | None, own: str) -> list[str]:
    if plan.is_simulated:
        return ["--sim"]
    if record is not None and record.target != REFERENCE:
        return ["--target", record.target]
    chosen = plan.configuration
    if not chosen:
        return []
    kept = run.resolve() / name / "configuration.toml"
    is_ours = chosen in configuration_names()
    if is_ours and _sha256(load_configuration(chosen)[1]) == plan.configuration_sha256:
        return [] if chosen == own else ["--configuration", chosen]
    return ["--configuration", _kept(kept) if kept.exists() else chosen]


def _kept(file: Path) -> str:
    """A file of a run, as it is called from the folder that holds the folder of runs."""
    return str(Path(*file.parts[-4:]))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
