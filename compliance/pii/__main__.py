"""Runs the scanner from the command line."""

import sys

from compliance.pii.cli import main

sys.exit(main())
