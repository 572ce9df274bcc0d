"""`queueproof lint PATH...`: find personal data that Python source lets out."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from compliance.pii.outputs import (
    FORMATS,
    Related,
    Report,
    Result,
    Rule,
    Unread,
    fingerprint,
    render,
)
from compliance.pii.settings_file import SettingsError
from compliance.pii.source_check.check import CheckReport, CheckSettings, Finding, check_source
from compliance.pii.source_check.lint_file import load_settings
from compliance.pii.source_check.rules import RULES

CLEAN, FINDINGS, USAGE, INCOMPLETE = 0, 1, 2, 3
_EPILOG = """\
exit codes: 0 clean; 1 findings; 2 usage; 3 could not check everything, or checked nothing
inline allow: # pii: allow RULE until YYYY-MM-DD because REASON

Settings come from queueproof.toml ([lint]) or pyproject.toml ([tool.queueproof.lint]) at or above
the working directory: paths, fail_on, pii_names, sanitizers. Names given here are added to those.

example: queueproof lint src/ --format sarif > lint.sarif
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Check and print; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        told = load_settings(options.config, Path.cwd())
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE
    paths = options.paths or told.targets
    if not paths:
        parser.error("nothing to check: give PATH.., or paths in [lint]")
    settings = CheckSettings(
        (*told.pii_names, *options.pii_name), (*told.sanitizers, *options.sanitizer)
    )
    report = check_source(paths, today=datetime.now(UTC).date(), settings=settings)
    sys.stdout.write(render(options.format, as_report(report)))
    return exit_code(report, fail_on=options.fail_on or told.fail_on)


def exit_code(report: CheckReport, *, fail_on: str) -> int:
    """Findings are certain whatever else was not checked, so they come first."""
    failing = {"error"} if fail_on == "error" else {"error", "warning"}
    if any(finding.level in failing for finding in report.findings):
        return FINDINGS
    return CLEAN if report.is_complete else INCOMPLETE


def as_report(report: CheckReport) -> Report:
    """The check's answer for the writers of formats."""
    rules = tuple(Rule(rule.id, rule.help) for rule in RULES.values())
    notes = [f"{_count(report.allowed, 'finding')} allowed inline"] if report.allowed else []
    return Report(
        tool="queueproof lint",
        version=_version(),
        rules=rules,
        results=tuple(_result(finding) for finding in report.findings),
        summary=_summary(report),
        unread=tuple(Unread(one.path, one.why) for one in report.unreadable),
        notes=tuple(notes),
    )


def _result(finding: Finding) -> Result:
    spot = finding.spot
    related = [
        Related(one.spot.path, one.spot.line, one.spot.column, f"source: {one.shown} ({one.kind})")
        for one in finding.sources[:1]
    ]
    related += [
        Related(step.spot.path, step.spot.line, step.spot.column, step.what)
        for step in finding.steps
    ]
    related += [
        Related(
            one.spot.path, one.spot.line, one.spot.column, f"also from: {one.shown} ({one.kind})"
        )
        for one in finding.sources[1:5]
    ]
    kinds = sorted({source.kind for source in finding.sources})
    return Result(
        rule_id=finding.rule,
        level=finding.level,
        message=finding.message,
        path=spot.path,
        line=spot.line,
        column=spot.column,
        fingerprint=fingerprint(finding.rule, spot.path, finding.message),
        end_line=spot.end_line if spot.end_line > spot.line else None,
        related=tuple(related),
        details={"kinds": ", ".join(kinds)} if kinds else {},
    )


def _summary(report: CheckReport) -> str:
    errors = sum(finding.level == "error" for finding in report.findings)
    warnings = len(report.findings) - errors
    found = "no personal data leaves the code"
    if report.findings:
        found = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    checked = f"{_count(report.files, 'file')}, {_count(report.lines, 'line')} checked"
    if not report.files:
        return "incomplete: no Python file was checked"
    return f"{found}; {checked}" + ("" if report.is_complete else "; incomplete: see above")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _version() -> str:
    try:
        return version("queueproof")
    except PackageNotFoundError:  # copied into another project, which is allowed
        return "0"


class _ShowRules(argparse.Action):
    """`--rules` needs no PATH."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del namespace, values, option_string
        width = max(map(len, RULES))
        for rule in RULES.values():
            sys.stdout.write(f"{rule.id:<{width}}  {rule.level:<7}  {rule.help}\n")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="queueproof lint",
        description="Find personal data that Python source lets out into logs, prints, exception "
        "messages, spans and metric labels.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="file or folder")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the settings file to use")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning"),
        help="the lowest level that makes the exit code 1; default: error",
    )
    parser.add_argument(
        "--pii-name",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name of personal data, such as loyalty_number; can be repeated",
    )
    parser.add_argument(
        "--sanitizer",
        action="append",
        default=[],
        metavar="NAME",
        help="a further function whose answer is safe to log; can be repeated",
    )
    parser.add_argument("--rules", action=_ShowRules, nargs=0, help="list the rules and exit")
    return parser
