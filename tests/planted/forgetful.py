"""Does not remember what it has sent.

When SQS refuses the delete, the message comes back after its visibility time-out, and the email is
sent again (resend-safe).
"""

import sys

from reference.worker.__main__ import main
from reference.worker.custody import Memory
from reference.worker.decide import Known

if __name__ == "__main__":
    Memory.recall = lambda memory, email_id: Known.NEW
    sys.exit(main(sys.argv[1:]))
