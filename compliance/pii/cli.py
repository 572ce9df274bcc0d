"""`python -m compliance.pii PATH...`: scan logs, print where personal data stands, not what."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from compliance.pii.canaries import Canary, CanaryFileError, load_canaries
from compliance.pii.report import ScanReport
from compliance.pii.scanner import Scanner
from compliance.pii.settings import ScanSettings
from compliance.pii.text import render_text

CLEAN, FINDINGS, USAGE, INCOMPLETE = 0, 1, 2, 3
_EPILOG = """\
exit codes: 0 clean; 1 findings; 2 usage; 3 could not read everything, read nothing, or no control

example: python -m compliance.pii runs/latest/logs --canaries canaries.jsonl --require-canary
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Scan and print; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        canaries = load_canaries(options.canaries) if options.canaries else []
    except CanaryFileError as error:
        print(f"canaries: {error}", file=sys.stderr)
        return USAGE
    if options.require_canary and not canaries:
        print("--require-canary: needs --canaries FILE with the planted control", file=sys.stderr)
        return USAGE
    scanner = Scanner(canaries, ScanSettings(names=not options.no_ner))
    if sys.stderr.isatty():
        report = scanner.scan(options.paths, progress=_progress)
        print("\r\x1b[K", end="", file=sys.stderr)
    else:
        report = scanner.scan(options.paths)
    is_control_missing = options.require_canary and not control_found(report, canaries)
    if options.json:
        row = {**report.as_dict(), "is_control_missing": is_control_missing}
        sys.stdout.write(orjson.dumps(row, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        is_coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        sys.stdout.write(render_text(report, is_coloured=is_coloured))
        if is_control_missing:
            print("control missing: no planted canary was found; was this the right log?")
    return exit_code(report, is_control_missing=is_control_missing)


def control_found(report: ScanReport, canaries: Sequence[Canary]) -> bool:
    """Whether a planted control was found; without one of kind `control`, any canary will do."""
    if any(canary.is_control for canary in canaries):
        return report.control_lines > 0
    return report.canary_lines > 0


def exit_code(report: ScanReport, *, is_control_missing: bool) -> int:
    """Findings are certain whatever else was not read, so they come before an incomplete scan."""
    if not report.is_clean:
        return FINDINGS
    return CLEAN if report.is_complete and not is_control_missing else INCOMPLETE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m compliance.pii",
        description="Find personal data in logs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="log file or folder")
    parser.add_argument(
        "--canaries",
        type=Path,
        metavar="FILE",
        help='values that the traffic carried: JSON Lines of {"kind": "email", "value": ".."}; '
        "kind control is a planted line that must be found and is no finding",
    )
    parser.add_argument(
        "--require-canary", action="store_true", help="exit 3 unless a planted canary was found"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--no-ner", action="store_true", help="do not look for names of people and places"
    )
    return parser


def _progress(source: str, lines_read: int) -> None:
    print(f"\r{lines_read:,} lines, {source}\x1b[K", end="", file=sys.stderr)
