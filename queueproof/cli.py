"""The command line. Exit codes: 0 verified or clean, 1 refuted or findings, 2 usage or
configuration, 3 inconclusive or could not run.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from compliance.judge import judge as judge_run
from compliance.pricing.table import PriceError
from compliance.verdict import Judgement, Outcome
from loadtests.distributed.distribution import Distribution
from loadtests.live import Target
from loadtests.options import TargetError
from loadtests.processes import ComponentError
from queueproof import doctor as doctor_checks
from queueproof import template as template_command
from queueproof import trace as trace_command
from queueproof import up as up_command
from queueproof.capacity.command import capacity
from queueproof.compare import compare
from queueproof.cost import cost
from queueproof.deployed import deployed_target
from queueproof.distribution import (
    Distributed,
    Listen,
    RemoteWorkers,
    Workers,
    distribution_of,
)
from queueproof.driven import driven, emit
from queueproof.gallery.catalog import GalleryError
from queueproof.gallery.command import open_gallery
from queueproof.guard import EXIT_COULD_NOT_RUN, guarded
from queueproof.listing import list_
from queueproof.options import AsJson, Quiet, RunFolder, RunsDir, Seed
from queueproof.progress import PatientConsole, progress
from queueproof.simulate import check_simulable, try_seeds
from queueproof.suite import (
    SuiteError,
    check_configurable,
    check_drivable,
    create_run,
    plan,
    plan_simulated,
)
from reports import ReportError, write_all
from reports import terminal as terminal_report
from reports.compare.files import is_comparison, write_comparison
from reports.model import RunView
from reports.view import build
from scenarios.evidence import EvidenceError
from scenarios.model import ScenarioError

EXIT = {Outcome.VERIFIED: 0, Outcome.REFUTED: 1, Outcome.INCONCLUSIVE: 3}
VERIFY = ("baseline", "fifo-limit", "sqs-write-failure", "logs-clean")
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
KNOWN_ERRORS = (
    ScenarioError,
    SuiteError,
    TargetError,
    EvidenceError,
    PriceError,
    ReportError,
    GalleryError,
    template_command.TemplateError,
    trace_command.TraceError,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Tries to refute what a queue-backed email service claims, and shows the evidence.",
)

app.command("list", epilog="Example: queueproof list --json")(list_)
app.command(epilog="Example: queueproof cost runs/latest --emails-per-month 30000000")(cost)
app.command(epilog="Example: queueproof compare fifo fifo-ht --quick")(compare)
app.command(epilog="Example: queueproof capacity --skew even --skew hot")(capacity)


@app.command(epilog="Example: queueproof verify --seed 7")
def verify(
    seed: Seed = 1,
    runs_dir: RunsDir = Path("runs"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Try the design's claims against the reference on this machine; about three minutes."""
    _run(VERIFY, "verify", seed=seed, runs_dir=runs_dir, as_json=as_json, quiet=quiet)


@app.command(epilog="Example: queueproof run baseline sqs-write-failure --seed 7")
def run(
    scenarios: Annotated[
        list[str], typer.Argument(help="Names of the catalogue, or paths of scenario files.")
    ],
    seed: Seed = 1,
    runs_dir: RunsDir = Path("runs"),
    target: Annotated[
        str, typer.Option(help="A service that already runs, as http://127.0.0.1:8080.")
    ] = "",
    target_file: Annotated[
        Path | None,
        typer.Option(help="A deployment on AWS, with a spend limit: reference/infra/README.md."),
    ] = None,
    configuration: Annotated[
        str,
        typer.Option(help="A queue configuration, by name or path; else the scenario's own."),
    ] = "",
    api_key: Annotated[str, typer.Option(envvar="QUEUEPROOF_API_KEY", help="For a target.")] = "",
    i_own_this_target: Annotated[
        bool, typer.Option(help="Required when --target is not on this machine's loopback.")
    ] = False,
    sim: Annotated[
        bool, typer.Option("--sim", help="In virtual time: the same decisions, made small.")
    ] = False,
    seeds: Annotated[
        int, typer.Option(help="With --sim: try so many seeds, from --seed on.", min=0)
    ] = 0,
    jobs: Annotated[
        int, typer.Option(help="With --seeds: processes at a time; 0 for one a core.", min=0)
    ] = 0,
    distributed: Distributed = False,
    workers: Workers = None,
    remote_workers: RemoteWorkers = 0,
    listen: Listen = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run scenarios, judge them and write the report."""
    if sim or seeds or jobs:
        check_simulable(scenarios, is_simulated=sim, seeds=seeds, jobs=jobs, target=target)
    if target_file is not None and (target or configuration or sim or distributed):
        raise SuiteError(
            "--target-file names target and configuration, and its spend limit counts one "
            "generator's attempts; leave --target, --configuration, --sim and --distributed out"
        )
    check_configurable(configuration, target=target, is_simulated=sim)
    distribution = distribution_of(
        distributed=distributed,
        workers=workers,
        remote_workers=remote_workers,
        listen=listen,
        target=target,
        is_simulated=sim,
    )
    if seeds:
        told = try_seeds(
            scenarios[0], range(seed, seed + seeds), jobs=jobs, as_json=as_json, quiet=quiet
        )
        emit(told.text)
        raise typer.Exit(EXIT[told.outcome])
    _run(
        scenarios,
        Path(scenarios[0]).stem if len(scenarios) == 1 else "run",
        seed=seed,
        runs_dir=runs_dir,
        configuration=configuration,
        target=Target(target, api_key, i_own_this_target) if target else None,
        deployed=None if target_file is None else (target_file, api_key),
        is_simulated=sim,
        distribution=distribution,
        as_json=as_json,
        quiet=quiet,
    )


@app.command(epilog="Example: queueproof judge runs/latest --json")
def judge(run_folder: RunFolder, as_json: AsJson = False) -> None:
    """Judge a run again, from its evidence alone; writes nothing."""
    judgement = _judged(run_folder, quiet=as_json)
    if as_json:
        emit(judgement.model_dump_json(indent=2))
    else:
        view = build(run_folder.resolve(), judgement, has_experiments=False)
        terminal_report.render(view, Console())
    raise typer.Exit(EXIT[judgement.outcome])


@app.command(epilog="Example: queueproof trace em_b7aeb2d0d528b51bbc9a80b9b1f83787")
def trace(
    asked: Annotated[
        str, typer.Argument(metavar="ID", help="An email id, idempotency key or message id.")
    ],
    run_folder: Annotated[
        Path, typer.Option("--run", help="A run directory, finished or killed.")
    ] = Path("runs/latest"),
    as_json: AsJson = False,
) -> None:
    """Show what happened to one email, from ledgers and logs."""
    traces = trace_command.trace(run_folder.resolve(), asked)
    emit(trace_command.as_json(traces) if as_json else trace_command.as_text(traces))


@app.command(epilog="Example: queueproof report runs/latest")
def report(run_folder: RunFolder) -> None:
    """Judge a run again and write its report anew."""
    judgement = _judged(run_folder)
    run = run_folder.resolve()
    view = write_all(run, judgement)
    if is_comparison(run):
        write_comparison(run, judgement, view)
    terminal_report.render(view, Console())
    raise typer.Exit(EXIT[judgement.outcome])


@app.command(epilog="Example: queueproof template fifo-ht --out fifo-ht.yaml")
def template(
    configuration: Annotated[
        str, typer.Argument(help="The queue configuration: a name, or the path of its file.")
    ],
    out: Annotated[Path | None, typer.Option(help="Write it there; else it is printed.")] = None,
) -> None:
    """Make the CloudFormation template that deploys a queue configuration on AWS."""
    if out is None:
        emit(template_command.template_text(configuration))
    else:
        template_command.write_template(configuration, out)


@app.command(epilog="Example: queueproof up --api-port 8080")
def up(
    api_port: Annotated[int, typer.Option(min=0, max=65535)] = 8080,
    sqs_port: Annotated[int, typer.Option(min=0, max=65535)] = 9324,
    smtp_port: Annotated[int, typer.Option(min=0, max=65535)] = 1025,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Start the reference system and leave it running until Ctrl-C; 0 takes a free port."""
    up_command.check_ports(api_port, sqs_port, smtp_port)
    folder = create_run(runs_dir, "up")
    try:
        up_command.serve(folder, api_port, sqs_port, smtp_port, Console())
    except ComponentError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_COULD_NOT_RUN) from None


@app.command(context_settings=PASSED_ON, add_help_option=False)
def sqs(context: typer.Context) -> None:
    """Run the local SQS alone. Example: queueproof sqs --port 9324"""
    from reference.cloud.sqs.__main__ import main as sqs_main  # noqa: PLC0415 - only when asked

    raise typer.Exit(sqs_main(context.args, program="queueproof sqs"))


@app.command(context_settings=PASSED_ON, add_help_option=False)
def scan(context: typer.Context) -> None:
    """Scan logs for personal data. Example: queueproof scan logs/ --canaries canaries.jsonl"""
    from compliance.pii.cli import main as scan_main  # noqa: PLC0415 - loads NLP libraries

    raise typer.Exit(scan_main(context.args))


@app.command(context_settings=PASSED_ON, add_help_option=False)
def lint(context: typer.Context) -> None:
    """Find personal data that source code logs. Example: queueproof lint src/"""
    from compliance.pii.source_check.cli import main as lint_main  # noqa: PLC0415 - only when asked

    raise typer.Exit(lint_main(context.args))


@app.command(context_settings=PASSED_ON, add_help_option=False)
def audit(context: typer.Context) -> None:
    """Audit a queue's protection. Example: queueproof audit --template stack.yaml"""
    from compliance.queue_audit.cli import main as audit_main  # noqa: PLC0415 - only when asked

    raise typer.Exit(audit_main(context.args))


@app.command(epilog="Example: queueproof gallery early-202 --clean 2")
def gallery(
    names: Annotated[list[str] | None, typer.Argument(help="Twins; none named: all.")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Runs at a time; default: one more than cores."),
    ] = None,
    clean: Annotated[
        int | None,
        typer.Option(min=0, max=1000, help="Healthy runs; default: 20, none when twins are named."),
    ] = None,
    seed: Seed = 1,
    runs_dir: Annotated[
        Path | None, typer.Option(help="Keep all evidence here; default: only of what went wrong.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show that every check catches the broken twin planted for it, and flags no healthy run."""
    try:
        code = open_gallery(
            names or [],
            jobs=jobs,
            clean=clean,
            seed=seed,
            runs_dir=runs_dir,
            as_json=as_json,
            quiet=quiet,
        )
    except ComponentError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_COULD_NOT_RUN) from None
    raise typer.Exit(code)


@app.command(epilog="Example: queueproof doctor")
def doctor(runs_dir: RunsDir = Path("runs"), as_json: AsJson = False) -> None:
    """Say whether this machine has what a run needs."""
    findings = doctor_checks.examine(runs_dir)
    if as_json:
        emit(json.dumps([finding.model_dump() for finding in findings], indent=2))
    else:
        console = Console()
        for finding in findings:
            mark = "[green]ok[/]  " if finding.ok else "[bold red]miss[/]"
            console.print(f"{mark}  {escape(finding.what)}: {escape(finding.detail)}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(EXIT_COULD_NOT_RUN)


def _run(
    names: Sequence[str],
    run_name: str,
    *,
    seed: int,
    runs_dir: Path,
    as_json: bool,
    quiet: bool,
    configuration: str = "",
    target: Target | None = None,
    deployed: tuple[Path, str] | None = None,
    is_simulated: bool = False,
    distribution: Distribution | None = None,
) -> None:
    """`deployed` is a target file, and the API key to use there."""
    planned = plan_simulated(names) if is_simulated else plan(names, configuration)
    if deployed is not None:
        target = deployed_target(deployed[0], planned, api_key=deployed[1])
    if target is not None:
        check_drivable(planned, target)
    folder = create_run(runs_dir, run_name).resolve()
    judgement, view, console = driven(
        planned,
        folder,
        seed=seed,
        as_json=as_json,
        quiet=quiet,
        target=target,
        distribution=distribution,
    )
    _show(judgement, view, console, as_json=as_json)
    raise typer.Exit(EXIT[judgement.outcome])


def _judged(run_folder: Path, *, quiet: bool = False) -> Judgement:
    """Judge, and tell on a terminal how far it is: a long run takes a minute."""
    console = PatientConsole(stderr=True)
    with progress(console, quiet=quiet or not console.is_terminal) as say:
        return judge_run(run_folder.resolve(), say)


def _show(judgement: Judgement, view: RunView, console: Console, *, as_json: bool) -> None:
    if as_json:
        emit(judgement.model_dump_json(indent=2))
    else:
        terminal_report.render(view, console)


def main() -> None:
    """All commands. The console script starts in `entry`, which knows of quicker ways to some."""
    guarded(app, KNOWN_ERRORS)
