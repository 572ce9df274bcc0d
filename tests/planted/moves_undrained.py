"""Lets its pool grow under load, and sends a group that moves to its new queue at once.

What the old queue still holds of the group is overtaken there (order); that the group waits in two
queues is seen even where nothing was overtaken (one-queue). The pool has its last queue alone until
so many emails were sent, and then all of them.
"""

import itertools
import os
import sys
import tempfile
from pathlib import Path

from reference.api.__main__ import main
from reference.queues import resize
from reference.queues.moves import Go, Moves

GROWS_AFTER = 100
asked = itertools.count(1)


def go_at_once(moves, group):
    if next(asked) == GROWS_AFTER:
        resize.main([os.environ["EMAIL_API_POOL_FILE"], *urls])
    return Go(moves.epoch.pool.owner(group))


if __name__ == "__main__":
    Moves.next = go_at_once
    urls = os.environ.pop("EMAIL_API_QUEUE_URLS").split(",")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EMAIL_API_POOL_FILE"] = str(Path(folder, "pool.json"))
        os.environ["EMAIL_API_LEDGER"] = f"sqlite:{Path(folder, 'deliveries.sqlite3')}"
        resize.main([os.environ["EMAIL_API_POOL_FILE"], urls[-1]])
        sys.exit(main(sys.argv[1:]))
