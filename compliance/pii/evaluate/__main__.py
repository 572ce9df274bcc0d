"""`python -m compliance.pii.evaluate`."""

import sys

from compliance.pii.evaluate.command import main

sys.exit(main())
