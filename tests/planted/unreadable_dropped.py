"""Reads message bodies as ASCII, and deletes what it cannot read.

An unreadable message belongs in the dead-letter queue, where somebody can see that the reader and
not the message was wrong. Deleted, every email to a name with an accent is lost (no-loss).
"""

import sys

from reference.worker import custody, decide, loop
from reference.worker.__main__ import main
from reference.worker.custody import Held

before_send = decide.before_send


def read(message):
    return custody.read(message) if message.body.isascii() else Held(message, None)


def before_send_or_delete(email, **named):
    return decide.Delete("unreadable") if email is None else before_send(email, **named)


if __name__ == "__main__":
    loop.read = read
    decide.before_send = before_send_or_delete
    sys.exit(main(sys.argv[1:]))
