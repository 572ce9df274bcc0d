"""Runs the scanner from the command line."""

import sys

from compliance.pii.cli import main

if __name__ == "__main__":
    sys.exit(main(program="python -m compliance.pii"))
