"""`queueproof scan PATH...`: scan logs, print where personal data stands, not what."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from compliance.pii import cli_options
from compliance.pii.baseline import BaselineError, Known, load_baseline, write_baseline
from compliance.pii.canaries import Canary, CanaryFileError, load_canaries
from compliance.pii.gate import Gated, gate
from compliance.pii.policy import Policy, load_policy
from compliance.pii.report import ScanReport
from compliance.pii.scanner import Scanner
from compliance.pii.settings import ScanSettings
from compliance.pii.settings_file import SettingsError, placed
from compliance.pii.showing import LiveShow, rendered
from compliance.pii.sources import Reading, cloudwatch, is_live, printable
from compliance.pii.sources.files import experiments

CLEAN, FINDINGS, USAGE, INCOMPLETE = 0, 1, 2, 3
_RUN_CANARIES = "canaries.jsonl"  # beside the logs of a run: whom its traffic wrote to


class UsageError(ValueError):
    """Options that do not fit together; says which and what to do."""


def main(argv: Sequence[str] | None = None, *, program: str = cli_options.PROGRAM) -> int:
    """Scan and print; returns the exit code. `program` is how it was started, for its usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == [cli_options.EVALUATE]:
        # A command of its own in all but name: it reads no logs and has options of its own.
        from compliance.pii.evaluate import main as evaluate  # noqa: PLC0415 - loads the corpus

        return evaluate(arguments[1:], program=f"{program} {cli_options.EVALUATE}")
    options = cli_options.parser(program).parse_args(arguments)
    try:
        return _run(options)
    except CanaryFileError as error:
        print(f"canaries: {error}", file=sys.stderr)
    except (UsageError, SettingsError, BaselineError) as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped before everything was read", file=sys.stderr)
        return INCOMPLETE
    except BrokenPipeError:
        # Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INCOMPLETE
    return USAGE


def control_found(report: ScanReport, canaries: Sequence[Canary]) -> bool:
    """Whether a planted control was found; without one of kind `control`, any canary will do."""
    if any(canary.is_control for canary in canaries):
        return report.control_lines > 0
    return report.canary_lines > 0


def exit_code(gated: Gated, *, is_control_missing: bool) -> int:
    """Findings are certain whatever else was not read, so they come before an incomplete scan."""
    if gated.failing:
        return FINDINGS
    return CLEAN if gated.report.is_complete and not is_control_missing else INCOMPLETE


def _run(options: argparse.Namespace) -> int:
    policy, folder = load_policy(options.config, Path.cwd())
    policy = _with_options(policy, options)
    targets = options.paths or [_target(path, folder) for path in policy.paths]
    if not targets:
        raise UsageError("nothing to scan: give PATH.., or paths in the policy file")
    canaries = _canaries(options, policy, folder, targets)
    if policy.require_canary and not canaries:
        raise UsageError("--require-canary: needs --canaries FILE with the planted control")
    if options.canaries_only and not canaries:
        raise UsageError("--canaries-only: needs --canaries FILE with what to look for")
    baseline_path, baseline = _baseline(options, policy, folder)
    today = datetime.now(UTC).date()
    live = None
    if _shows_live(options, policy, targets):
        live = LiveShow(options.format, policy, baseline, today)
    report = _scan(options, policy, targets, canaries, live)
    is_control_missing = policy.require_canary and not control_found(report, canaries)
    gated = gate(report, policy, baseline, today)
    if options.write_baseline:
        gated = _accept(gated, baseline_path, report, policy, today)
    _tell(options, gated, live, is_control_missing=is_control_missing)
    return exit_code(gated, is_control_missing=is_control_missing)


def _shows_live(options: argparse.Namespace, policy: Policy, targets: Sequence[str]) -> bool:
    """Whether somebody waits for findings while the scan runs, and this process finds them."""
    if options.output or options.dask:
        return False
    if is_live(targets):
        return options.format in {"jsonl", "text"}
    return options.format == "jsonl" and policy.jobs == 1


def _with_options(policy: Policy, options: argparse.Namespace) -> Policy:
    given = {
        name: getattr(options, name)
        for name in ("require_canary", "names", "fail_on", "jobs")
        if getattr(options, name) is not None
    }
    if given.get("jobs") == 0:
        given["jobs"] = os.cpu_count() or 1
    return replace(policy, **given)


def _target(path: str, folder: Path) -> str:
    is_name = path == "-" or "://" in path or path.startswith(cloudwatch.SCHEME)
    return path if is_name else str(placed(folder, path))


def _canaries(
    options: argparse.Namespace, policy: Policy, folder: Path, targets: Sequence[str]
) -> list[Canary]:
    if options.canaries:
        return load_canaries(options.canaries)
    if policy.canaries:
        return load_canaries(folder / policy.canaries)
    files = [run / _RUN_CANARIES for target in targets for run in experiments(Path(target))]
    return list(
        dict.fromkeys(canary for file in files if file.is_file() for canary in load_canaries(file))
    )


def _baseline(
    options: argparse.Namespace, policy: Policy, folder: Path
) -> tuple[Path, frozenset[Known]]:
    named = folder / policy.baseline if policy.baseline else None
    path: Path | None = options.baseline or named
    if options.write_baseline:
        return path or Path(cli_options.DEFAULT_BASELINE), frozenset()
    return path or Path(), load_baseline(path) if path else frozenset()


def _settings(options: argparse.Namespace, policy: Policy) -> ScanSettings:
    settings = ScanSettings(
        patterns=not options.canaries_only,
        names=policy.names and not options.canaries_only,
        model=policy.model,
        reading=Reading(
            since_s=options.since, endpoint_url=options.endpoint_url, follow=options.follow
        ),
    )
    if policy.confidence_min is not None:
        settings = replace(settings, confidence_min=policy.confidence_min)
    if policy.phone_regions is not None:
        settings = replace(settings, phone_regions=policy.phone_regions)
    return settings


def _scan(
    options: argparse.Namespace,
    policy: Policy,
    targets: Sequence[str],
    canaries: list[Canary],
    live: LiveShow | None,
) -> ScanReport:
    settings = _settings(options, policy)
    progress = _progress if sys.stderr.isatty() and live is None else None
    if options.dask:
        if "-" in targets:
            raise UsageError("--dask: workers cannot read standard input; give paths they can see")
        return _scan_on_dask(targets, canaries, settings, options.dask)
    if policy.jobs > 1 and not is_live(targets):
        from compliance.pii.parallel import scan_in_processes  # noqa: PLC0415 - only when asked

        report = scan_in_processes(targets, canaries, settings, policy.jobs, progress)
    else:
        report = Scanner(canaries, settings).scan(targets, progress, live.first if live else None)
    if progress is not None:
        print("\r\x1b[K", end="", file=sys.stderr)
    return report


def _scan_on_dask(
    targets: Sequence[str], canaries: list[Canary], settings: ScanSettings, scheduler: str
) -> ScanReport:
    from compliance.pii.dask_scan import DaskError, scan_on_dask  # noqa: PLC0415 - only when asked

    try:
        return scan_on_dask(targets, canaries, settings, scheduler)
    except DaskError as error:
        raise UsageError(str(error)) from None


def _accept(gated: Gated, path: Path, report: ScanReport, policy: Policy, today: date) -> Gated:
    """Take what fails now into the baseline; what policy lets pass is not in it."""
    try:
        written = write_baseline(path, gated.report.places)
        baseline = load_baseline(path)
    except OSError as error:
        raise UsageError(f"--write-baseline: {path}: {error.strerror or 'not written'}") from None
    after = gate(report, policy, baseline, today)
    return replace(after, remarks=(*after.remarks, f"{written:,} places written to {path}"))


def _tell(
    options: argparse.Namespace,
    gated: Gated,
    live: LiveShow | None,
    *,
    is_control_missing: bool,
) -> None:
    files = list(options.report)
    name = options.format
    if options.output:
        files.append((name, options.output))
        name = "text"
    for file_format, path in files:
        _write(path, rendered(file_format, gated, is_control_missing=is_control_missing))
    if live is not None and name == "jsonl":
        text = live.rest(gated, is_control_missing=is_control_missing)
    else:
        is_coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        text = rendered(name, gated, is_control_missing=is_control_missing, is_coloured=is_coloured)
    sys.stdout.write(text)
    sys.stdout.flush()  # here, where a reader that went away is still an error of ours


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        why = error.strerror or "not written"
        raise UsageError(
            f"{printable(str(path))}: {why}; give a file that can be written"
        ) from None


def _progress(source: str, lines_read: int) -> None:
    print(f"\r{lines_read:,} lines, {source}\x1b[K", end="", file=sys.stderr)
