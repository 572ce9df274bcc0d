"""Deletes all of a batch once one of it was sent.

What stands behind and is then refused by the provider for the moment has left the queue with the
others: it is lost (no-loss). A Lambda that reports no partial batch failures does the same. The
deletes also unlock the group, so that its next emails may leave before the rest (order).
"""

import sys

from reference.worker.__main__ import main
from reference.worker.deletes import Deleter

submit = Deleter.submit


def submit_all(deleter, run, held, reason):
    for other in run.messages:
        if other is not held:
            submit(deleter, run, other, reason)
    return submit(deleter, run, held, reason)


if __name__ == "__main__":
    Deleter.submit = submit_all
    sys.exit(main(sys.argv[1:]))
