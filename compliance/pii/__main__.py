"""Runs the scanner from the command line."""

import os
import sys

from compliance.pii.cli import INCOMPLETE, main


def run() -> int:
    """The exit code, also when somebody stopped the scan or its reader went away."""
    try:
        return main()
    except KeyboardInterrupt:
        print("stopped before everything was read", file=sys.stderr)
    except BrokenPipeError:
        # Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return INCOMPLETE


if __name__ == "__main__":
    sys.exit(run())
