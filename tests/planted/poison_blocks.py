"""Keeps an email that was refused for good in hand, and waits for somebody to mend it.

The heartbeat extends its visibility for ever, so SQS neither parks it nor hands out what stands
behind it in its group: all of these are stuck (no-loss).
"""

import sys
import time

from reference.worker.__main__ import main
from reference.worker.courier import Courier
from reference.worker.decide import LeaveForRedrive

send = Courier._send


def send_or_wait(courier, held, *rest):
    decision = send(courier, held, *rest)
    while isinstance(decision, LeaveForRedrive) and not courier._is_stopping():
        time.sleep(0.1)
    return decision


if __name__ == "__main__":
    Courier._send = send_or_wait
    sys.exit(main(sys.argv[1:]))
