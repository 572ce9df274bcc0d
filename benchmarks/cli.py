"""`python -m benchmarks [NAME...]`: run benches and print their tables.

Exit codes: 0 measured, 2 usage, 3 something broke or was stopped.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.catalog import BENCHES
from benchmarks.figures import BenchError, Table
from benchmarks.machine import Machine
from benchmarks.show import as_dict, as_text, listing
from benchmarks.stage import Bench, Stage

EXIT_USAGE, EXIT_BROKE = 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.list:
        print(listing(BENCHES.values()))
        return 0
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        print(f"no bench named {unknown[0]!r}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return EXIT_USAGE
    if options.json is not None and (why := _unwritable(options.json)):
        print(f"--json {options.json}: {why}; choose a file that can be written", file=sys.stderr)
        return EXIT_USAGE
    signal.signal(signal.SIGTERM, _interrupt)
    chosen = [BENCHES[name] for name in dict.fromkeys(options.names or BENCHES)]
    machine = Machine.this()
    print(f"{machine}\n", flush=True)
    reports: list[dict[str, Any]] = []
    is_stopped = False
    try:
        # One by one, so that a stop keeps those before it.
        reports.extend(run_bench(bench, is_quick=options.quick) for bench in chosen)
    except KeyboardInterrupt:
        is_stopped = True
        print("\nstopped; everything it started has ended", file=sys.stderr)
    if options.json is not None:
        whole = {"machine": asdict(machine), "is_quick": options.quick, "benches": reports}
        options.json.write_text(json.dumps(whole, indent=2) + "\n")
    return EXIT_BROKE if is_stopped or any(report["problem"] for report in reports) else 0


def run_bench(bench: Bench, *, is_quick: bool) -> dict[str, Any]:
    """Run one bench, print its tables as they come, and return the same for a machine."""
    began_s = time.monotonic()
    tables: list[Table] = []
    problem = None
    say, clear = _speaker(bench.name)
    with tempfile.TemporaryDirectory(prefix=f"bench-{bench.name}-") as folder:
        stage = Stage(
            folder=Path(folder),
            is_quick=is_quick,
            budget_s=bench.quick_budget_s if is_quick else bench.budget_s,
            say=say,
        )
        try:
            for table in bench.run(stage):
                clear()
                print(as_text(table), flush=True)
                tables.append(table)
        except BenchError as error:
            problem = str(error)
    clear()
    if problem is not None:
        print(f"{bench.name} broke: {problem}", file=sys.stderr)
    elapsed_s = time.monotonic() - began_s
    print(f"{bench.name}: {elapsed_s:.0f} s of {stage.budget_s:.0f} s\n", flush=True)
    return {
        "name": bench.name,
        "elapsed_s": elapsed_s,
        "problem": problem,
        "tables": [as_dict(table) for table in tables],
    }


def _speaker(name: str) -> tuple[Callable[[str], None], Callable[[], None]]:
    """A line of progress that is rewritten in place, on a terminal only; and how to wipe it."""
    if not sys.stderr.isatty():
        return lambda _: None, lambda: None

    def say(text: str) -> None:
        print(f"\r\x1b[K{name}: {text}", end="", file=sys.stderr, flush=True)

    return say, lambda: print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _unwritable(file: Path) -> str | None:
    """Why, or None. Asked first: a bench is too long to find out at its end."""
    try:
        file.touch()
    except OSError as error:
        return error.strerror or "cannot be written"
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Speeds as ratios, side by side in one run.",
        epilog="example: python -m benchmarks sqs --quick --json speeds.json",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="benches to run (default: all)")
    parser.add_argument("--list", action="store_true", help="name the benches and their budgets")
    parser.add_argument("--quick", action="store_true", help="less of everything, about 3 minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """SIGTERM ends a bench like Ctrl-C does."""
    del signum, frame
    raise KeyboardInterrupt
