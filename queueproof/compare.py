"""`queueproof compare`: the same work on each configuration, on one page."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from queueproof.driven import driven, emit
from queueproof.guard import EXIT_COULD_NOT_RUN
from queueproof.suite import Planned, create_run, plan
from reports.compare import terminal
from reports.compare.difference import compare_runs
from reports.compare.files import write_comparison
from scenarios.model import EmailLoad, ScenarioError, shown


def compare_configurations(
    configurations: Sequence[str],
    scenario: str,
    *,
    seed: int,
    runs_dir: Path,
    as_json: bool,
    quiet: bool,
) -> int:
    """Drive, judge and compare; returns the exit code. Raises ScenarioError or SuiteError."""
    planned = plan_compared(configurations, scenario)
    folder = create_run(runs_dir, "compare").resolve()
    judgement, view, console = driven(
        planned, folder, seed=seed, as_json=as_json, quiet=quiet, target=None
    )
    comparison = write_comparison(folder, judgement, view)
    if as_json:
        emit(comparison.json)
    else:
        terminal.render(comparison.view, comparison.compared, console)
    is_whole = len(comparison.compared) == len(configurations) and not comparison.view.troubles
    return 0 if is_whole else EXIT_COULD_NOT_RUN


def check_compares_runs_alone(
    configurations: Sequence[str] | None, scenario: str, *, quick: bool
) -> None:
    """Raises ScenarioError when runs are to be compared, and something is to be run as well."""
    others = [*(configurations or []), *(["--scenario"] if scenario else [])]
    if others or quick:
        other = (others or ["--quick"])[0]
        raise ScenarioError(f"--runs does not go with {shown(other)}: these runs are over")


def show_difference(run_a: Path, run_b: Path, *, as_json: bool) -> None:
    """Print what run B does otherwise than run A. Raises EvidenceError."""
    found = compare_runs(run_a.resolve(), run_b.resolve())
    if as_json:
        emit(json.dumps([{**asdict(each), "is_sure": each.is_sure} for each in found], indent=2))
    else:
        terminal.render_differences(found, Console())


def compared_work(scenario: str, *, quick: bool) -> str:
    """The scenario that configurations are compared on. Raises ScenarioError."""
    if scenario and quick:
        raise ScenarioError(
            f"--quick does not go with --scenario {shown(scenario)}: it has a scenario of its own"
        )
    return scenario or ("compare-quick" if quick else "compare")


def plan_compared(names: Sequence[str], scenario: str) -> list[Planned]:
    """One experiment a configuration, all of the same scenario, each with its control if it has
    one. Raises ScenarioError.
    """
    planned: dict[str, Planned] = {}
    for name in names:
        *controls, experiment = plan([scenario], name)
        built = experiment.configuration.name
        if not isinstance(experiment.scenario.load, EmailLoad):
            raise ScenarioError(f"{scenario}: only loads of emails can be compared")
        if built in planned:
            raise ScenarioError(f"{name}: configuration {built} is asked for twice")
        for control in controls:
            planned[f"{built}.control"] = replace(control, name=f"{built}.control")
        control_name = f"{built}.control" if controls else None
        planned[built] = replace(experiment, name=built, control=control_name)
    return list(planned.values())
