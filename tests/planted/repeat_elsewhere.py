"""Sends a repeat to another queue of the pool than the first time, as if to spread the load.

SQS absorbs repeats within a queue only, so the email is a second message in the other (one-queue).
The worker's ledger keeps that from becoming a second email, but the copy may be sent before what
its group still has in the first queue (order).
"""

import sys

from reference.api.__main__ import main
from reference.api.routing import PoolRoute, Way

way_of = PoolRoute.way_of
seen = set()


async def other_way_of(route, *, group, email_id):
    way = await way_of(route, group=group, email_id=email_id)
    if email_id not in seen:
        seen.add(email_id)
        return way
    others = (queue for queue in route._queues.values() if queue is not way.queue)
    return Way(next(others), way.is_open)


if __name__ == "__main__":
    PoolRoute.way_of = other_way_of
    sys.exit(main(sys.argv[1:]))
