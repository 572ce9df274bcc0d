"""Writes "sent" into the delivery ledger before the provider has said so.

When the provider has no time for the email, the ledger says at the next try that it was sent, and
the message is deleted: lost (no-loss).
"""

import sys

from reference.worker.__main__ import main
from reference.worker.ledger.port import Outcome
from reference.worker.outbox import Outbox

attempt = Outbox._attempt


def mark_and_attempt(outbox, held, queued, claim):
    outbox._ledger.settle(claim, Outcome.SENT)
    return attempt(outbox, held, queued, claim)


if __name__ == "__main__":
    Outbox._attempt = mark_and_attempt
    sys.exit(main(sys.argv[1:]))
