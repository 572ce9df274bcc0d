"""Runs scenarios one after the other into one run directory."""

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from loadtests.distributed.distribution import Distribution
from loadtests.live import Progress, Target, drive
from loadtests.logscan import plant_control
from loadtests.options import check_target
from loadtests.sim.as_toml import as_toml
from loadtests.sim.plan import made_small
from loadtests.sim.record import drive_simulated
from queueproof.machine import this_machine
from scenarios.configuration import DEFAULT, Configuration, load_configuration
from scenarios.evidence import Plan, RunManifest, write_record
from scenarios.model import (
    EmailLoad,
    LogScan,
    Recorded,
    Scenario,
    ScenarioError,
    SqsCallLoad,
    load_scenario,
    shown,
)

LATEST = "latest"
PACKAGES = ("queueproof", "locust", "fastapi", "uvicorn", "boto3", "presidio-analyzer", "spacy")


class SuiteError(Exception):
    """The run cannot begin: what is wrong, and what to do."""


@dataclass(frozen=True)
class Planned:
    """One experiment to come."""

    name: str
    scenario: Scenario
    text: str
    configuration: Configuration
    configuration_text: str
    control: str | None = None
    is_control: bool = False
    is_simulated: bool = False


def plan(names: Sequence[str], configuration: str = "") -> list[Planned]:
    """The experiments that these scenarios need, each once and in order.

    All on one configuration, or, where none is named, each on the one that it is written for.

    A control comes right before its experiment, a log scan after the runs whose logs it reads.
    Raises ScenarioError.
    """
    planned: dict[str, Planned] = {}

    def add(name: str) -> None:
        scenario, text = load_scenario(name)
        if scenario.name in planned:
            if planned[scenario.name].text != text:
                raise ScenarioError(f"{name}: two different scenarios are named {scenario.name}")
            return
        if isinstance(scenario.load, Recorded):
            raise ScenarioError(
                f"{name}: load.kind is recorded: a test-suite recorded it, so it cannot be run "
                "again; `queueproof judge` judges what was recorded"
            )
        if isinstance(scenario.load, LogScan):
            for other in scenario.load.of:
                if other not in planned:
                    add(other)
        chosen = load_configuration(configuration or scenario.configuration)
        if isinstance(scenario.load, SqsCallLoad):
            check_callable(name, chosen[0])
        control = None
        if scenario.control is not None:
            control = f"{scenario.name}.control"
            planned[control] = Planned(
                control, scenario.as_control(), text, *chosen, is_control=True
            )
        planned[scenario.name] = Planned(scenario.name, scenario, text, *chosen, control)

    for name in names:
        add(name)
    return list(planned.values())


def check_callable(name: str, configuration: Configuration) -> None:
    """Raises ScenarioError when there is not one FIFO queue to call."""
    queue = configuration.queue
    if not queue.is_fifo or queue.count > 1:
        raise ScenarioError(
            f"{name}: its calls go straight to one FIFO queue, but configuration "
            f"{configuration.name} has queue.type {queue.type}, queue.count {queue.count}"
        )


def plan_simulated(names: Sequence[str]) -> list[Planned]:
    """The same in virtual time: made small, and without controls. Raises ScenarioError."""
    planned = []
    for experiment in plan(names, DEFAULT):
        if not experiment.is_control:
            small, _ = made_small(experiment.scenario)
            planned.append(
                replace(
                    experiment, scenario=small, text=as_toml(small), control=None, is_simulated=True
                )
            )
    return planned


def check_drivable(planned: Sequence[Planned], target: Target) -> None:
    """Raises TargetError when the target must not be loaded, ScenarioError when it cannot be."""
    check_target(target.url, owned=target.owned)
    for experiment in planned:
        if not isinstance(experiment.scenario.load, EmailLoad):
            raise ScenarioError(
                f"{experiment.name}: only loads of emails can be offered to --target"
            )


def check_configurable(configuration: str, *, target: str, is_simulated: bool) -> None:
    """Raises ScenarioError when a configuration is asked for where none can be chosen."""
    if is_simulated and configuration:
        other = "--sim: a simulation has the one that its scenario is written for"
    elif target and configuration not in {"", DEFAULT}:
        other = "--target: it has a queue of its own"
    else:
        return
    raise ScenarioError(f"--configuration {shown(configuration)} does not go with {other}")


def create_run(runs: Path, name: str) -> Path:
    """Make the folder of a new run. Raises SuiteError when it cannot be made."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for suffix in ("", *(f"-{n}" for n in range(2, 100))):
            run = runs / f"{stamp}-{name}{suffix}"
            try:
                run.mkdir()
            except FileExistsError:
                continue
            return run
    except OSError as error:
        raise SuiteError(
            f"cannot write to the runs folder {runs} ({error.strerror}); choose one with --runs-dir"
        ) from error
    raise SuiteError(f"{runs} has a hundred runs of this very second")


def run_suite(
    planned: Sequence[Planned],
    run: Path,
    *,
    seed: int,
    command: list[str],
    say: Progress,
    target: Target | None = None,
    modules: Mapping[str, str] | None = None,
    distribution: Distribution | None = None,
) -> None:
    """Drive all experiments into the run's folder, with `modules` in place of components.

    KeyboardInterrupt is passed on when everything is stopped; the manifest then has no end.
    """
    manifest = begin(run, planned, seed=seed, command=command, target=target)
    for experiment in planned:
        run_one(
            experiment,
            run,
            seed,
            say,
            target=target,
            modules=modules,
            distribution=distribution,
        )
    finish(run, manifest)


def begin(
    run: Path,
    planned: Sequence[Planned],
    *,
    seed: int,
    command: list[str],
    target: Target | None = None,
) -> RunManifest:
    """Write down what a run is to try, and point `latest` at it."""
    manifest = RunManifest(
        name=run.name,
        started_at=_now(),
        seed=seed,
        commit=_commit(),
        versions={package: version(package) for package in PACKAGES},
        machine=this_machine(),
        command=command,
        experiments=[experiment.name for experiment in planned],
        plans={experiment.name: _plan_of(experiment, target) for experiment in planned},
    )
    write_record(run / "manifest.json", manifest)
    _point_latest_at(run)
    return manifest


def plan_more(run: Path, manifest: RunManifest, experiment: Planned) -> RunManifest:
    """Write down one experiment more, before it begins."""
    manifest = manifest.model_copy(
        update={
            "experiments": [*manifest.experiments, experiment.name],
            "plans": {**manifest.plans, experiment.name: _plan_of(experiment, None)},
        }
    )
    write_record(run / "manifest.json", manifest)
    return manifest


def finish(run: Path, manifest: RunManifest) -> None:
    """Write down that a run came to its end."""
    write_record(run / "manifest.json", manifest.model_copy(update={"finished_at": _now()}))


def _plan_of(experiment: Planned, target: Target | None) -> Plan:
    load = experiment.scenario.load
    has_configuration = target is None and not (
        experiment.is_simulated or isinstance(load, LogScan)
    )
    return Plan(
        scenario=experiment.scenario.name,
        scenario_sha256=_sha256(experiment.text),
        configuration=experiment.configuration.name if has_configuration else "",
        configuration_sha256=_sha256(experiment.configuration_text) if has_configuration else "",
        claims=[] if experiment.is_control else experiment.scenario.claims,
        control=experiment.control,
        is_control=experiment.is_control,
        is_simulated=experiment.is_simulated,
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def run_one(
    experiment: Planned,
    run: Path,
    seed: int,
    say: Progress,
    *,
    target: Target | None = None,
    modules: Mapping[str, str] | None = None,
    distribution: Distribution | None = None,
) -> None:
    """Drive one experiment into the run's folder."""

    def say_for(text: str) -> None:
        say(f"{experiment.name}: {text}")

    folder = run / experiment.name
    if isinstance(experiment.scenario.load, LogScan):
        sources = [run / name for name in experiment.scenario.load.of]
        plant_control(experiment.scenario, experiment.text, folder, sources, seed=seed)
        return
    if experiment.is_simulated:
        say_for("simulating")
        drive_simulated(experiment.scenario, experiment.text, folder, seed=seed)
        return
    record = drive(
        experiment.scenario,
        experiment.text,
        folder,
        seed=seed,
        key_prefix=f"{run.name}.{experiment.name}",
        say=say_for,
        configuration=experiment.configuration,
        configuration_toml=experiment.configuration_text,
        target=target,
        modules=modules,
        distribution=distribution,
    )
    if record.interrupted:
        say_for(f"ended early: {record.interrupted}")


def _point_latest_at(run: Path) -> None:
    draft = run.parent / f".{LATEST}.draft"
    draft.unlink(missing_ok=True)
    draft.symlink_to(run.name, target_is_directory=True)
    try:
        draft.replace(run.parent / LATEST)
    except OSError as error:
        draft.unlink()
        raise SuiteError(
            f"{run.parent / LATEST} is in the way of a link to the run ({error.strerror}); move it"
        ) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _commit() -> str | None:
    """The commit that this code stands at, if it is a checkout; `+` when there are changes."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],  # noqa: S607
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None
