"""Which queue a message goes to."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from reference.queues.pool import Pool
from reference.sqs_client import QueueWriter


class Way(NamedTuple):
    """Where a message may be sent, and for how long."""

    queue: QueueWriter
    is_open: Callable[[], bool]  # asked right before each call


class Route(Protocol):
    """Finds the way of a message."""

    @property
    def queue_count(self) -> int:
        """Queues that messages may go to now."""
        ...

    async def way_of(self, *, group: str, email_id: str) -> Way | None:
        """None when the email is there already. Raises QueueError when it may go nowhere now."""
        ...

    def check(self) -> None:
        """Raises QueueError when a queue cannot be reached. Blocks."""
        ...


class OneQueue:
    """To the only queue there is."""

    queue_count = 1

    def __init__(self, queue: QueueWriter) -> None:
        self._way = Way(queue, _always)

    async def way_of(self, *, group: str, email_id: str) -> Way:
        del group, email_id
        return self._way

    def check(self) -> None:
        self._way.queue.check()


class PoolRoute:
    """To the queue that has the group, in a pool that stays as it is."""

    def __init__(self, pool: Pool, queues: Mapping[str, QueueWriter]) -> None:
        """`queues` are those of the pool, by URL."""
        self._pool = pool
        self._queues = queues

    @property
    def queue_count(self) -> int:
        return len(self._queues)

    async def way_of(self, *, group: str, email_id: str) -> Way:
        del email_id
        return Way(self._queues[self._pool.owner(group)], _always)

    def check(self) -> None:
        for queue in self._queues.values():
            queue.check()


def _always() -> bool:
    return True
