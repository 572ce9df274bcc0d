"""Deletes the message whatever the provider said: an exception is logged, and that is that.

A provider that had no time for an email at that moment is not asked again: the email is lost
(no-loss).
"""

import sys

from reference.worker import decide
from reference.worker.__main__ import main

if __name__ == "__main__":
    decide.after_send = lambda error, **named: decide.Delete()
    sys.exit(main(sys.argv[1:]))
