"""Runs the scanner from the command line."""

import gc
import sys

from compliance.pii.cli import main

if __name__ == "__main__":
    exit_code = main(program="python -m compliance.pii")
    # At exit Python would look through all that the libraries made: 0.1 s after spaCy.
    gc.freeze()
    sys.exit(exit_code)
