"""Goes on with a group after one of its emails could not be sent for the moment.

The email is tried again a second later, when those behind it have left before it (order).
"""

import sys

from reference.worker.__main__ import main
from reference.worker.courier import Courier
from reference.worker.decide import LeaveForRedrive, Retry

send = Courier._send


def send_or_leave(courier, held, *rest):
    decision = send(courier, held, *rest)
    if isinstance(decision, Retry):
        return LeaveForRedrive(decision.visibility_s, decision.reason)
    return decision


if __name__ == "__main__":
    Courier._send = send_or_leave
    sys.exit(main(sys.argv[1:]))
