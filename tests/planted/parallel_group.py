"""Sends the messages of one group in parallel, each as if it had a group of its own.

SQS hands out a group's messages in order, up to ten at a time; whoever then sends them at once
sends them in any order (order).
"""

import sys

from reference.worker.__main__ import main
from reference.worker.custody import Custody

take = Custody.take


def take_apart(custody, messages, visible_at_s):
    return [run for held in messages for run in take(custody, [held], visible_at_s)]


if __name__ == "__main__":
    Custody.take = take_apart
    sys.exit(main(sys.argv[1:]))
