"""Which queue of a pool a message group belongs to.

Rendezvous hashing (Thaler and Ravishankar, 1998): each queue bids for a group, and the highest bid
wins. All replicas agree without talking to each other, groups spread evenly, and a queue that comes
or goes moves only the groups that it wins or held. Bids are made of names, not of URLs or places in
a list, so they are the same from every network and in every order. Their salt is the pool's own:
SQS hashes groups once more, to partitions, and were the two hashes alike, the groups of one queue
would crowd into some of its partitions.
"""

import hashlib
from dataclasses import dataclass

from reference.queues.names import is_fifo, queue_name

QUEUES_MAX = 64
_SALT = b"email queue pool"  # BLAKE2b takes at most 16 bytes
_BID_BYTES = 8


class PoolError(ValueError):
    """These queues are no pool. The text says why, and what is wanted."""


@dataclass(frozen=True)
class Pool:
    """FIFO queues among which message groups are divided."""

    urls: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises PoolError."""
        if not self.urls:
            raise PoolError("a pool of no queues; a group would have nowhere to go")
        if len(self.urls) > QUEUES_MAX:
            raise PoolError(f"{len(self.urls)} queues; a pool has at most {QUEUES_MAX}")
        names = [queue_name(url) for url in self.urls]
        standard = [name for name in names if not is_fifo(name)]
        if standard and len(self.urls) > 1:
            kind = "a standard queue" if len(standard) == len(names) else "standard and FIFO queues"
            raise PoolError(f"{kind} in a pool ({standard[0]}); only FIFO queues have an order")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise PoolError(f"the queue {twice} stands there twice")

    def owner(self, group: str) -> str:
        """The URL of the queue that has this group."""
        return max(self.urls, key=lambda url: _bid(queue_name(url), group))


def _bid(name: str, group: str) -> bytes:
    """Ends with the name, so that no two bids are equal."""
    text = f"{name}\0{group}".encode()
    return hashlib.blake2b(text, digest_size=_BID_BYTES, person=_SALT).digest() + name.encode()
