"""One exhibit as a process: drive it, judge it, write verdicts.json.

    python -m queueproof.gallery.trial --run FOLDER --seed 1 --replace api=MODULE SCENARIO..

A process each, so that a trial can be ended from outside like any component, and its parent's
death ends it. Exit code 0 says that it was judged, whatever the verdict; 3 that it could not be.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from compliance.judge import judge
from queueproof.gallery.catalog import ROOT
from queueproof.suite import plan, run_suite
from scenarios.evidence import EvidenceError, write_record
from scenarios.model import ScenarioError

VERDICTS = "verdicts.json"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m queueproof.gallery.trial")
    parser.add_argument("scenarios", nargs="+", metavar="SCENARIO")
    parser.add_argument("--run", type=Path, required=True, help="an empty folder")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--configuration", default="")
    parser.add_argument("--replace", action="append", default=[], metavar="COMPONENT=MODULE")
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    run: Path = options.run.resolve()
    *scenarios, configuration = (
        str(Path(name).resolve()) if name.endswith(".toml") else name
        for name in (*options.scenarios, options.configuration)
    )
    # `python -m tests.planted...` looks here first, and not for a package that is called tests too.
    os.chdir(ROOT)
    try:
        run_suite(
            plan(scenarios, configuration),
            run,
            seed=options.seed,
            command=sys.argv[1:],
            say=print,
            modules=dict(pair.split("=", 1) for pair in options.replace),
        )
        write_record(run / VERDICTS, judge(run))
    except KeyboardInterrupt:
        return 3
    except (ScenarioError, EvidenceError) as error:
        print(error, file=sys.stderr)
        return 3
    return 0


def _interrupt(signum: int, frame: FrameType | None) -> None:
    del signum, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
