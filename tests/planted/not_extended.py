"""Does not extend a message's visibility while the provider takes its time.

The message becomes visible again before its email is accepted, and is received and sent a second
time beside the first (resend-safe). Within one process the outbox would see that the email is under
way; it forgets it here, as a second worker would not know of it.
"""

import sys

from reference.worker.__main__ import main
from reference.worker.heartbeat import Heartbeat
from reference.worker.outbox import Outbox


def send_alone(outbox, held, queued, *, lease_s):
    return outbox._claim_and_send(held, queued, lease_s)


if __name__ == "__main__":
    Heartbeat.beat = lambda heartbeat: None
    Outbox.send = send_alone
    sys.exit(main(sys.argv[1:]))
