"""Keeps its delivery ledger in memory: a worker that starts again has sent nothing yet.

What was sent and could not be deleted is received by the new worker, and sent a second time
(resend-safe).
"""

import os
import sys

from reference.worker.__main__ import main

if __name__ == "__main__":
    os.environ["EMAIL_WORKER_LEDGER"] = "none"
    sys.exit(main(sys.argv[1:]))
