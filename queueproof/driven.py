"""What every command that drives a run does: drive, judge, report, and say so meanwhile."""

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from compliance.judge import judge
from compliance.verdict import Judgement
from loadtests.distributed.distribution import Distribution
from loadtests.live import Target
from queueproof.guard import EXIT_COULD_NOT_RUN
from queueproof.progress import PatientConsole, progress
from queueproof.suite import Planned, run_suite
from reports import write_all
from reports.model import RunView


def driven(
    planned: Sequence[Planned],
    folder: Path,
    *,
    seed: int,
    as_json: bool,
    quiet: bool,
    target: Target | None,
    distribution: Distribution | None = None,
) -> tuple[Judgement, RunView, PatientConsole]:
    """Drive a run, judge it and write its report.

    Says what is going on, and with which console that was; ends the program when it is stopped.
    """
    console = PatientConsole(stderr=as_json)
    try:
        with progress(console, quiet=quiet or as_json) as say:
            run_suite(
                planned,
                folder,
                seed=seed,
                command=sys.argv[1:],
                say=say,
                target=target,
                distribution=distribution,
            )
            judgement = judge(folder, say)
            view = write_all(folder, judgement)
    except KeyboardInterrupt:
        print(
            f"stopped; the evidence so far is in {folder}: `queueproof report {folder}` judges it",
            file=sys.stderr,
        )
        raise typer.Exit(EXIT_COULD_NOT_RUN) from None
    return judgement, view, console


def emit(text: str) -> None:
    """Print a result; a reader that has left does not change what the result was."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = sys.stderr
