"""Deletes the message first and sends then, so that nothing can be sent twice.

Nothing is sent twice; but what the provider refuses for the moment, and what a crash cuts short, is
in no queue any more: it is lost (no-loss). A delete also unlocks the group, so that its next email
may leave first (order).
"""

import sys

from reference.worker.__main__ import main
from reference.worker.courier import Courier

send = Courier._send


def delete_and_send(courier, held, *rest):
    courier._calls.delete([held.message.receipt_handle])
    return send(courier, held, *rest)


if __name__ == "__main__":
    Courier._send = delete_and_send
    sys.exit(main(sys.argv[1:]))
