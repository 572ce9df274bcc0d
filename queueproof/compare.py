"""`queueproof compare`: the same work on each configuration, on one page."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from compliance.capacity.objective import Objective
from loadtests.capacity.search import Limits
from loadtests.live import Progress
from queueproof.capacity.command import search_capacity
from queueproof.capacity.result import Found
from queueproof.capacity.result import write as write_found
from queueproof.driven import driven, emit
from queueproof.guard import EXIT_COULD_NOT_RUN
from queueproof.options import AsJson, Quiet, RunsDir, Seed
from queueproof.progress import progress
from queueproof.suite import Planned, begin, create_run, finish, plan
from reports.compare import terminal
from reports.compare.difference import compare_runs
from reports.compare.files import write_comparison
from scenarios.configuration import configuration_names
from scenarios.model import EmailLoad, ScenarioError, shown

CAPACITY = "capacity"  # the folder of the searches
TRIAL_S = 8.0
# Coarser than `queueproof capacity`: about two minutes for each configuration.
LIMITS = Limits(
    start_per_s=200,
    floor_per_s=5,
    ceiling_per_s=2_000,
    precision=0.1,
    trials_max=8,
    time_max_s=150,
)


def compare(
    configurations: Annotated[
        list[str] | None,
        typer.Argument(help="Names, or paths of configuration files; none named: all of ours."),
    ] = None,
    scenario: Annotated[
        str, typer.Option(help="The work for all: a name of the catalogue, or a file's path.")
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="In at most four minutes.")] = False,
    find_capacity: Annotated[
        bool,
        typer.Option("--find-capacity", help="Search each one's, too: two minutes more for each."),
    ] = False,
    runs: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Instead: what the second of two runs does otherwise than the first."),
    ] = None,
    seed: Seed = 1,
    runs_dir: RunsDir = Path("runs"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Try queue configurations on the same work, side by side.

    Exit code 0 when each could be compared, whatever was found; 3 when one could not.
    """
    if runs is not None:
        options = {"--scenario": scenario, "--quick": quick, "--find-capacity": find_capacity}
        given = [name for name, value in options.items() if value]
        check_compares_runs_alone([*(configurations or []), *given])
        show_difference(*runs, as_json=as_json)
        return
    raise typer.Exit(
        compare_configurations(
            configurations or configuration_names(),
            compared_work(scenario, quick=quick),
            finds_capacity=find_capacity,
            seed=seed,
            runs_dir=runs_dir,
            as_json=as_json,
            quiet=quiet,
        )
    )


def compare_configurations(
    configurations: Sequence[str],
    scenario: str,
    *,
    finds_capacity: bool,
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
    if finds_capacity:
        with progress(console, quiet=quiet or as_json) as say:
            find_capacities(configurations, folder / CAPACITY, seed=seed, say=say)
    comparison = write_comparison(folder, judgement, view)
    if as_json:
        emit(comparison.json)
    else:
        terminal.render(comparison.view, comparison.compared, console)
    is_whole = len(comparison.compared) == len(configurations) and not comparison.view.troubles
    return 0 if is_whole else EXIT_COULD_NOT_RUN


def find_capacities(
    configurations: Sequence[str], folder: Path, *, seed: int, say: Progress
) -> None:
    """Search each configuration's capacity, in a run of its own inside the comparison's.

    What was found so far is kept when the user stops it.
    """
    folder.mkdir()
    manifest = begin(folder, [], seed=seed, command=sys.argv[1:])
    found: list[Found] = []
    try:
        for name in configurations:
            each, manifest = search_capacity(
                name,
                work="emails",
                skew="even",
                run=folder,
                manifest=manifest,
                limits=LIMITS,
                objective=Objective(),
                seconds=TRIAL_S,
                say=say,
            )
            found.append(each)
            write_found(folder, found)
    except KeyboardInterrupt:
        say("stopped; the capacities found so far are shown")
    else:
        finish(folder, manifest)


def check_compares_runs_alone(others: Sequence[str]) -> None:
    """Raises ScenarioError when runs are to be compared, and something is asked for as well."""
    if others:
        raise ScenarioError(f"--runs does not go with {shown(others[0])}: these runs are over")


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
