"""The options of `queueproof scan`."""

import argparse
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from compliance.pii.outputs import FORMATS

# `text` and `json` are written from the report itself, which knows more than the neutral results.
SCAN_FORMATS = ("text", "json", *(name for name in FORMATS if name != "text"))
DEFAULT_BASELINE = "pii-baseline.json"
PROGRAM = "queueproof scan"
EVALUATE = "--evaluate"
_AGE = re.compile(r"(\d{1,6})([smhdw])")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DESCRIPTION = """\
Find personal data in logs. PATH is a file (plain, gz, zst, bz2 or xz), a folder, a glob,
a run of queueproof (its canaries are used), - for standard input (tail -f works),
s3://bucket/prefix, or cloudwatch:GROUP[:STREAM_PREFIX].
"""
_EPILOG = """\
exit codes: 0 clean; 1 findings; 2 usage; 3 could not read everything, read nothing, or no control

Settings come from queueproof.toml ([scan]) or pyproject.toml ([tool.queueproof.scan]) at or above
the working directory; options given here count before them.

examples:
  queueproof scan runs/latest/baseline --require-canary
  kubectl logs -f deploy/api | queueproof scan - --canaries canaries.jsonl
  queueproof scan logs/ --baseline pii-baseline.json --format sarif --output pii.sarif
  queueproof scan --evaluate --help     how well the scanner finds, beside plain Presidio
"""


def parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """All options, with what is left out as None where a policy file may fill it in."""
    told = argparse.ArgumentParser(
        prog=program,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    told.add_argument("paths", nargs="*", metavar="PATH", help="what to scan")
    _add_detection(told)
    _add_reading(told)
    _add_gate(told)
    _add_output(told)
    return told


def _add_detection(told: argparse.ArgumentParser) -> None:
    group = told.add_argument_group("what to look for")
    group.add_argument(
        "--canaries",
        type=Path,
        metavar="FILE",
        help='values that the traffic carried: JSON Lines of {"kind": "email", "value": ".."}; '
        "kind control is a planted line that must be found and is no finding",
    )
    group.add_argument(
        "--require-canary",
        action="store_true",
        default=None,
        help="exit 3 unless a planted canary was found",
    )
    group.add_argument(
        "--canaries-only",
        action="store_true",
        help="look for nothing but the canaries: a hundred megabytes a second",
    )
    group.add_argument(
        "--no-ner",
        dest="names",
        action="store_false",
        default=None,
        help="do not look for names of people and places",
    )


def _add_reading(told: argparse.ArgumentParser) -> None:
    group = told.add_argument_group("what to read, and how")
    group.add_argument(
        "--since",
        type=since,
        metavar="TIME",
        help="leave out what is older: 30m, 24h, 7d or 2026-11-24T10:00:00Z (file times; "
        "and line times, where lines carry one; without a zone they are UTC)",
    )
    group.add_argument("--endpoint-url", metavar="URL", help="of AWS, when it is a stand-in")
    group.add_argument(
        "--follow", action="store_true", help="go on reading a CloudWatch group until Ctrl-C"
    )
    group.add_argument(
        "--jobs",
        type=_jobs,
        metavar="N",
        help="processes that scan files and parts of big ones; 0: one a core",
    )
    group.add_argument(
        "--dask",
        metavar="SCHEDULER",
        help="scan on the workers of a Dask cluster, as tcp://host:8786; they must see the paths",
    )


def _add_gate(told: argparse.ArgumentParser) -> None:
    group = told.add_argument_group("what fails")
    group.add_argument("--config", type=Path, metavar="FILE", help="the policy file to use")
    group.add_argument(
        "--fail-on", choices=("error", "warning"), help="the lowest level that fails; warning"
    )
    group.add_argument("--baseline", type=Path, metavar="FILE", help="known places, which pass")
    group.add_argument(
        "--write-baseline",
        action="store_true",
        help=f"write what is found to the baseline (default {DEFAULT_BASELINE}) and pass",
    )


def _add_output(told: argparse.ArgumentParser) -> None:
    group = told.add_argument_group("how to tell")
    group.add_argument("--format", choices=SCAN_FORMATS, default="text", help="default: text")
    group.add_argument("--json", dest="format", action="store_const", const="json", help="the same")
    group.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the format there, and text to standard output",
    )
    group.add_argument(
        "--report",
        type=_report,
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write this format too; may be given again: --report sarif=pii.sarif",
    )


def since(told: str) -> float:
    """Seconds since 1970. Raises ArgumentTypeError for what is neither an age nor a time."""
    age = _AGE.fullmatch(told)
    if age:
        return (datetime.now(UTC) - timedelta(seconds=int(age[1]) * _UNIT_S[age[2]])).timestamp()
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{told!r}: wanted an age such as 24h, or a time such as 2026-11-24T10:00:00Z"
        ) from None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _report(told: str) -> tuple[str, Path]:
    name, equals, path = told.partition("=")
    if not equals or not path or name not in SCAN_FORMATS:
        raise argparse.ArgumentTypeError(
            f"{told!r}: wanted FORMAT=FILE with a format of {', '.join(SCAN_FORMATS)}"
        )
    return name, Path(path)


def _jobs(told: str) -> int:
    if not told.isascii() or not told.isdigit() or int(told) > 256:
        raise argparse.ArgumentTypeError(f"{told!r}: wanted 0 to 256")
    return int(told)
