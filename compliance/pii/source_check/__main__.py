"""`python -m compliance.pii.source_check PATH...`: the check without the rest of the project."""

import sys

from compliance.pii.source_check.cli import main

if __name__ == "__main__":
    sys.exit(main())
