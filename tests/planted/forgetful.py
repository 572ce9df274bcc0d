"""Does not remember what it has sent.

When SQS refuses the delete, the message comes back after its visibility time-out, and the email is
sent again (resend-safe).
"""

import sys

from reference.worker.__main__ import main
from reference.worker.ledger.port import Outcome
from reference.worker.ledger.sqlite import SqliteLedger

settle = SqliteLedger.settle

if __name__ == "__main__":
    SqliteLedger.settle = lambda ledger, claim, outcome: settle(ledger, claim, Outcome.NOT_SENT)
    sys.exit(main(sys.argv[1:]))
