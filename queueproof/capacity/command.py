"""The command: searches, one for each skew that was asked for, into one run's folder."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from compliance.capacity.objective import Objective
from loadtests.capacity.search import Limits, find_capacity
from loadtests.live import Progress
from queueproof.capacity.result import Found, as_text, found_from, write
from queueproof.capacity.trials import Trials, Work
from queueproof.driven import emit
from queueproof.guard import EXIT_COULD_NOT_RUN
from queueproof.options import AsJson, Quiet, RunsDir, Seed
from queueproof.progress import PatientConsole, progress
from queueproof.suite import begin, check_callable, create_run, finish
from scenarios.configuration import DEFAULT, load_configuration
from scenarios.evidence import RunManifest
from scenarios.model import ScenarioError
from scenarios.skews import SKEWS

FLOOR_PER_S = 5.0  # below it nothing is looked for
RATE_MAX_PER_S = 10_000  # far beyond what one machine offers


def search_capacity(
    configuration: str,
    *,
    work: Work,
    skew: str,
    run: Path,
    manifest: RunManifest,
    limits: Limits,
    objective: Objective,
    seconds: float,
    say: Progress,
) -> tuple[Found, RunManifest]:
    """One search in the folder of a run that has begun; the manifest grows with each trial.

    Raises ScenarioError, or EvidenceError when a trial left no evidence that can be judged.
    """
    chosen = load_configuration(configuration)
    trials = Trials(run, manifest, chosen, work, skew, seconds, objective, say)
    return found_from(
        find_capacity(trials.try_rate, limits, time.monotonic), trials
    ), trials.manifest


def capacity(
    configuration: Annotated[
        str, typer.Option(help="The queue configuration: a name, or the path of its file.")
    ] = DEFAULT,
    of: Annotated[
        Work, typer.Option(help="Emails through the pipeline, or calls straight at its FIFO queue.")
    ] = "emails",
    skew: Annotated[
        list[str] | None,
        typer.Option(help="How emails spread over message groups: even, zipf, hot or one."),
    ] = None,
    start: Annotated[
        float, typer.Option(help="Emails a second to begin with.", max=RATE_MAX_PER_S)
    ] = 200.0,
    ceiling: Annotated[
        float, typer.Option(help="The highest rate to try.", max=RATE_MAX_PER_S)
    ] = 5_000.0,
    seconds: Annotated[
        float, typer.Option(help="How long each rate is offered.", min=4, max=600)
    ] = 10.0,
    precision: Annotated[
        float, typer.Option(help="Width of the interval, as a share of the rate.")
    ] = 0.02,
    trials: Annotated[int, typer.Option(help="At most so many.", min=1, max=100)] = 16,
    minutes: Annotated[float, typer.Option(help="Begin no trial after that.", min=0.1)] = 10.0,
    accept_p99_ms: Annotated[
        float, typer.Option(help="From the intended time to the 202.", min=1)
    ] = 1_000.0,
    delivery_p99_ms: Annotated[
        float, typer.Option(help="From the intended time to the delivery.", min=1)
    ] = 5_000.0,
    seed: Seed = 1,
    runs_dir: RunsDir = Path("runs"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find the highest rate that a configuration holds, and what holds it there.

    Held: both p99, no growing backlog, nothing lost. Exit code 3 when it could not be told, such
    as when the generator could not offer more.
    """
    try:
        limits = Limits(
            start_per_s=start,
            floor_per_s=min(start, FLOOR_PER_S),
            ceiling_per_s=ceiling,
            precision=precision,
            trials_max=trials,
            time_max_s=minutes * 60,
        )
    except ValueError as error:
        raise ScenarioError(f"--start, --ceiling, --precision: {error}") from error
    raise typer.Exit(
        _show(
            configuration,
            of,
            skew or ["even"],
            limits=limits,
            objective=Objective(accept_p99_ms=accept_p99_ms, delivery_p99_ms=delivery_p99_ms),
            seconds=seconds,
            seed=seed,
            runs_dir=runs_dir,
            as_json=as_json,
            quiet=quiet,
        )
    )


def _show(
    configuration: str,
    work: Work,
    skews: Sequence[str],
    *,
    limits: Limits,
    objective: Objective,
    seconds: float,
    seed: int,
    runs_dir: Path,
    as_json: bool,
    quiet: bool,
) -> int:
    """Search, keep and print; returns the exit code. Raises ScenarioError or SuiteError."""
    unknown = sorted(set(skews) - set(SKEWS))
    if unknown:
        raise ScenarioError(f"unknown skew {unknown[0]!r}; known: {', '.join(SKEWS)}")
    chosen, _ = load_configuration(configuration)
    if work == "calls":
        if list(skews) != ["even"]:
            raise ScenarioError("--skew goes with --of emails: direct calls spread evenly")
        check_callable("--of calls", chosen)
    run = create_run(runs_dir, "capacity").resolve()
    manifest = begin(run, [], seed=seed, command=sys.argv[1:])
    found: list[Found] = []
    console = PatientConsole(stderr=as_json)
    try:
        with progress(console, quiet=quiet or as_json) as say:
            for skew in skews:
                each, manifest = search_capacity(
                    configuration,
                    work=work,
                    skew=skew,
                    run=run,
                    manifest=manifest,
                    limits=limits,
                    objective=objective,
                    seconds=seconds,
                    say=say,
                )
                found.append(each)
                text = write(run, found)
    except KeyboardInterrupt:
        print(f"stopped; the trials so far are in {run}", file=sys.stderr)
        raise typer.Exit(EXIT_COULD_NOT_RUN) from None
    finish(run, manifest)
    emit(text if as_json else "\n\n".join([*map(as_text, found), f"evidence: {run}"]))
    return 0 if all(each.is_known for each in found) else EXIT_COULD_NOT_RUN
