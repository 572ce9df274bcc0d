"""Judges one run and prints what that took, without the start-up of the program.

A process of its own, so that its memory is the judging's alone.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from compliance.judge import judge
from compliance.verdict import Outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judging")
    parser.add_argument("run", type=Path)
    run: Path = parser.parse_args().run
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    judgement = judge(run)
    cpu_s, elapsed_s = time.process_time() - began_cpu_s, time.perf_counter() - began_s
    print(json.dumps({"elapsed_s": elapsed_s, "cpu_s": cpu_s}))
    if judgement.outcome is not Outcome.VERIFIED:
        print(f"{run.name} is {judgement.outcome}, and nothing is wrong with it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
