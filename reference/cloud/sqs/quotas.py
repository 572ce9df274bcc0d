"""Throughput quotas: how many calls a second a FIFO queue admits per API action.

AWS gives the rate (300 calls a second; a batch is one call: DG quotas-messages.html) and not the
shape. Our stricter readings, each a setting or written down here:
- a send and a batch of sends draw on one allowance; so do deletes, and changes of visibility;
- a call is charged when it arrives, a long poll like any other receive;
- calls that the quota refuses are not charged, and change nothing;
- the default shape is a token bucket that holds 12 calls (40 ms of the rate), so more than 300
  calls in a second pass only by that much. `burst_calls` makes it larger: 300 is one second's;
- a high-throughput queue has its region's rate in all and 300 on each partition (`partitions.py`);
  a receive is charged to the partitions of all groups that it returns, and refused while the
  partition of the group whose turn it is has nothing left.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from reference.clock import Clock
from reference.cloud.sqs.attributes import Throughput
from reference.cloud.sqs.limits import Limits
from reference.cloud.sqs.partitions import partition_of, region_calls_per_s

BURST_CALLS_DEFAULT = 12
SECONDS_KEPT = 600
_UNLIMITED = Throughput.UNLIMITED  # looking up a member costs as much as a call

FAMILY_OF_ACTION = {
    "SendMessage": "send",
    "SendMessageBatch": "send",
    "ReceiveMessage": "receive",
    "DeleteMessage": "delete",
    "DeleteMessageBatch": "delete",
    "ChangeMessageVisibility": "change-visibility",
    "ChangeMessageVisibilityBatch": "change-visibility",
}


class TokenBucket:
    """Holds at most `burst` tokens; `rate_per_s` flow in."""

    __slots__ = ("_burst", "_clock", "_filled_s", "_rate_per_s", "_tokens")

    def __init__(self, clock: Clock, rate_per_s: float, burst: float) -> None:
        self._clock = clock
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = burst
        self._filled_s = clock.now_s()

    def has_token(self) -> bool:
        now_s = self._clock.now_s()
        inflow = (now_s - self._filled_s) * self._rate_per_s
        self._tokens = min(self._burst, self._tokens + inflow)
        self._filled_s = now_s
        # Sums of fractions fall short of whole tokens by rounding; this much is no token.
        return self._tokens >= 1 - 1e-9

    def take(self) -> bool:
        if not self.has_token():
            return False
        self._tokens -= 1
        return True

    def charge(self) -> None:
        """Take a token that may not be there yet; what is owed flows in first."""
        self.has_token()
        self._tokens -= 1


@dataclass(slots=True)
class CallCounts:
    """Calls of one action on one queue: in all, and second by second of late."""

    admitted: int = 0
    throttled: int = 0
    # [second of the clock, admitted, throttled]
    seconds: deque[list[int]] = field(default_factory=lambda: deque(maxlen=SECONDS_KEPT))
    _last: list[int] = field(default_factory=list)  # of these
    _ends_s: float = float("-inf")

    def count(self, now_s: float, is_admitted: bool) -> None:
        if now_s >= self._ends_s:
            self._last = [int(now_s), 0, 0]
            self._ends_s = int(now_s) + 1.0
            self.seconds.append(self._last)
        if is_admitted:
            self.admitted += 1
            self._last[1] += 1
        else:
            self.throttled += 1
            self._last[2] += 1


class Quotas:
    """Admits or refuses calls, and counts both."""

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        *,
        region: str = "us-east-1",
        burst_calls: float = BURST_CALLS_DEFAULT,
    ) -> None:
        if burst_calls < 1:
            raise ValueError(f"a burst of {burst_calls} calls admits nothing; at least 1")
        self._clock = clock
        self._limits = limits
        self._region = region
        self._burst_calls = burst_calls
        # By queue, family and partition; partition -1 is the queue as a whole.
        self._buckets: dict[tuple[str, str, int], TokenBucket] = {}
        self._counts: dict[tuple[str, str], CallCounts] = {}  # by queue and action

    def admit(
        self,
        queue_name: str,
        throughput: Throughput,
        action: str,
        groups: Callable[[], set[int]] = set,
    ) -> bool:
        """Charge one call; False when it is over the quota.

        `groups` tells the hashes of the message groups that the call names, and that a receive
        would return first; asked only where that counts.
        """
        counts = self._counts.get((queue_name, action))
        if counts is None:
            if action not in FAMILY_OF_ACTION:
                return True
            counts = self._counts[queue_name, action] = CallCounts()
        is_admitted = True
        # Of standard queues, and with quotas off, every call comes by here: it is soon done.
        if throughput is not _UNLIMITED and self._limits.fifo_calls_per_s is not None:
            family = FAMILY_OF_ACTION[action]
            buckets = self._buckets_of(queue_name, throughput, family, groups)
            # All or none: a call over one partition's quota must not use up another's.
            is_admitted = all(map(TokenBucket.has_token, buckets))
            if is_admitted:
                # Which partitions a receive is charged to shows when it returns: `charge_receive`.
                for bucket in buckets[:1] if family == "receive" else buckets:
                    bucket.take()
        counts.count(self._clock.now_s(), is_admitted)
        return is_admitted

    def charge_receive(
        self, queue_name: str, throughput: Throughput, groups: Callable[[], set[int]]
    ) -> None:
        """Charge a receive to the partitions of the groups that it returned."""
        rate_per_s = self._limits.fifo_calls_per_s
        if rate_per_s is None or throughput is not Throughput.PER_PARTITION:
            return
        for partition in {partition_of(group, self._region) for group in groups()}:
            self._bucket(queue_name, "receive", partition, rate_per_s).charge()

    def _buckets_of(
        self,
        queue_name: str,
        throughput: Throughput,
        family: str,
        groups: Callable[[], set[int]],
    ) -> list[TokenBucket]:
        rate_per_s = self._limits.fifo_calls_per_s
        assert rate_per_s is not None, "there is nothing to charge without a quota"
        if throughput is Throughput.PER_QUEUE:
            return [self._bucket(queue_name, family, -1, rate_per_s)]
        region_rate_per_s = region_calls_per_s(self._region)
        partitions = {partition_of(group, self._region) for group in groups()}
        return [
            # Named apart from the plain bucket: the two settings do not share an allowance.
            self._bucket(queue_name, f"{family} in all", -1, region_rate_per_s),
            *(self._bucket(queue_name, family, each, rate_per_s) for each in partitions),
        ]

    def _bucket(self, name: str, family: str, partition: int, rate_per_s: float) -> TokenBucket:
        bucket = self._buckets.get((name, family, partition))
        if bucket is None:
            # The same share of a second for every rate: 12 calls of 300 by default.
            plain_rate_per_s = self._limits.fifo_calls_per_s or rate_per_s
            burst = self._burst_calls * rate_per_s / plain_rate_per_s
            bucket = TokenBucket(self._clock, rate_per_s, burst)
            self._buckets[name, family, partition] = bucket
        return bucket

    def forget(self, queue_name: str) -> None:
        """The queue was deleted."""
        self._buckets = {key: each for key, each in self._buckets.items() if key[0] != queue_name}
        self._counts = {key: each for key, each in self._counts.items() if key[0] != queue_name}

    def queue_names(self) -> set[str]:
        """Queues that were called."""
        return {name for name, _ in self._counts}

    def counts(self, queue_name: str) -> dict[str, CallCounts]:
        """By action family; families that were never called are left out."""
        families: dict[str, list[CallCounts]] = {}
        for action, counts in self.counts_by_action(queue_name).items():
            families.setdefault(FAMILY_OF_ACTION[action], []).append(counts)
        return {family: _sum(counts) for family, counts in families.items()}

    def counts_by_action(self, queue_name: str) -> dict[str, CallCounts]:
        """Actions that were never called are left out."""
        return {
            action: counts for (name, action), counts in self._counts.items() if name == queue_name
        }


def _sum(parts: list[CallCounts]) -> CallCounts:
    seconds: dict[int, list[int]] = {}
    for part in parts:
        for second, admitted, throttled in part.seconds:
            row = seconds.setdefault(second, [second, 0, 0])
            row[1] += admitted
            row[2] += throttled
    return CallCounts(
        sum(part.admitted for part in parts),
        sum(part.throttled for part in parts),
        deque((seconds[second] for second in sorted(seconds)), maxlen=SECONDS_KEPT),
    )
