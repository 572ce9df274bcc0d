"""Takes any answer of the mail relay for a yes: the reply code is not looked at.

An email answered with "450 try again later" counts as sent, and is lost (no-loss).
"""

import sys

from reference.providers import smtp
from reference.worker.__main__ import main

if __name__ == "__main__":
    smtp._expect = lambda reply, *wanted: None
    sys.exit(main(sys.argv[1:]))
