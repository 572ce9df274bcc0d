"""When a group that changes its queue may be sent to the new one; one replica's view, pure.

Two things have to be known. First, that no replica sends to the old queue any more. Each looks at
the pool file right before a call, so when `fence_s`, chosen to be longer than a look and a call
take, have passed since one adopted an epoch, the others' last calls of the epoch before are over.
Second, that the old queue holds nothing of the group. Nobody can count that: SQS's numbers are
approximate and of the whole queue, where other groups go on. So a marker is sent behind the group's
last message. A FIFO queue returns it only when all before it are deleted, parked or in the same
receive, which a worker handles in order; who receives it keeps that in the delivery ledger.

README.md has the proof, and what it assumes.
"""

from collections import OrderedDict
from dataclasses import dataclass

from reference.clock import Clock
from reference.queues.epochs import Epoch, Marker
from reference.queues.pool import PoolError

REMEMBERED_MAX = 100_000  # forgotten groups are asked for again


@dataclass(frozen=True)
class Go:
    """Send there."""

    url: str


@dataclass(frozen=True)
class Fenced:
    """Other replicas may still be sending to the old queue."""

    until_s: float


@dataclass(frozen=True)
class Drain:
    """See this marker through the old queue first."""

    marker: Marker


class Moves:
    """What is known of the groups that move."""

    def __init__(self, epoch: Epoch, clock: Clock, *, fence_s: float) -> None:
        self._clock = clock
        self._fence_s = fence_s
        self._arrived: OrderedDict[str, None] = OrderedDict()
        self._gone: set[str] = set()  # ids of markers, of groups that have not arrived
        self._begin(epoch)

    def adopt(self, epoch: Epoch) -> None:
        """Go by a later epoch. Raises PoolError when it is none."""
        if epoch.number <= self.epoch.number:
            raise PoolError(f"epoch {epoch.number} does not come after {self.epoch.number}")
        self._begin(epoch)

    def _begin(self, epoch: Epoch) -> None:
        self.epoch = epoch
        self.fenced_until_s = self._clock.now_s() + (self._fence_s if epoch.draining else 0.0)
        self._arrived.clear()
        self._gone.clear()

    def next(self, group: str) -> Go | Fenced | Drain:
        """What to do with a message of this group."""
        owner = self.epoch.pool.owner(group)
        if not self.epoch.draining or group in self._arrived:
            return Go(owner)
        markers = self.epoch.markers(group)
        if not markers:
            return Go(owner)
        if self._clock.now_s() < self.fenced_until_s:
            return Fenced(self.fenced_until_s)
        for marker in markers:
            if marker.marker_id not in self._gone:
                return Drain(marker)
        self._arrived[group] = None
        self._gone.difference_update(marker.marker_id for marker in markers)
        if len(self._arrived) > REMEMBERED_MAX:
            self._arrived.popitem(last=False)
        return Go(owner)

    def gone(self, marker: Marker) -> None:
        """It left its queue, and was the last of its group there."""
        self._gone.add(marker.marker_id)
