"""How many batches may be in progress: AWS's scaling of an SQS event source.

Standard queue: five batches at a time once there are messages; while more are available up to 300
more a minute; at most 1,250; less in quiet times, down to two, but not with a maximum concurrency.
A FIFO queue is bounded by its active message groups, which `groups.py` and SQS itself see to.
Provisioned mode: each poller up to ten invocations at a time, ten polls and 1 MB a second; up to
1,000 more invocations a minute, 20,000 in all. Function errors (unless batch item failures are
reported) and throttles reduce the concurrency gradually. Source: Lambda Developer Guide,
services-sqs-scaling and services-sqs-errorhandling; AWS Compute Blog, November 2023 (300 a minute)
and AWS News Blog, November 2025 (provisioned mode).

Where AWS is silent we chose: growth is steady over the minute, also for FIFO queues; it shrinks as
fast as it grows; to two after a quiet minute; a failure halves it, at most once a second, and five
seconds later it may grow again.
"""

import math

from reference.clock import Clock
from reference.cloud.lambda_trigger.mapping import Mapping

START_BATCHES = 5
QUIET_BATCHES = 2
GROWTH_PER_MINUTE = 300
BATCHES_MAX = 1_250
INVOCATIONS_PER_POLLER = 10
POLLS_PER_POLLER_S = 10
BYTES_PER_POLLER_S = 1024 * 1024
PROVISIONED_GROWTH_PER_MINUTE = 1_000
PROVISIONED_MAX = 20_000
QUIET_S = 60.0
SETBACK_EVERY_S = 1.0
SETBACK_PAUSE_S = 5.0


class FastClock:
    """A clock that runs several times as fast, for a scaling that is to be seen sooner."""

    def __init__(self, clock: Clock, times: float) -> None:
        self._clock = clock
        self._times = times

    def now_s(self) -> float:
        return self._clock.now_s() * self._times

    def wall_s(self) -> float:
        return self._clock.wall_s()


class Scaler:
    """One mapping's allowance, told of what happens; not for several threads at once."""

    def __init__(self, clock: Clock, mapping: Mapping) -> None:
        self._clock = clock
        pollers = mapping.pollers
        if pollers is None:
            self._most = float(min(BATCHES_MAX, mapping.maximum_concurrency or BATCHES_MAX))
            self._start = min(float(START_BATCHES), self._most)
            has_quiet_mode = mapping.maximum_concurrency is None
            self._quiet = float(QUIET_BATCHES) if has_quiet_mode else self._start
            self._per_s = GROWTH_PER_MINUTE / 60
        else:
            self._most = float(min(PROVISIONED_MAX, pollers.maximum * INVOCATIONS_PER_POLLER))
            self._start = self._quiet = float(pollers.minimum * INVOCATIONS_PER_POLLER)
            self._per_s = PROVISIONED_GROWTH_PER_MINUTE / 60
        self._is_provisioned = pollers is not None
        self._level = self._start
        self._told_at_s = self._busy_at_s = clock.now_s()
        self._setback_at_s = float("-inf")

    @property
    def limit(self) -> int:
        """Batches that may be in progress now."""
        return int(self._level)

    @property
    def pollers(self) -> int:
        """Polls that may be open at a time."""
        if self._is_provisioned:
            return math.ceil(self.limit / INVOCATIONS_PER_POLLER)
        return self.limit

    def observe(self, *, busy: int, waiting: int) -> None:
        """`busy` batches are in progress, and `waiting` slots find nothing to do."""
        now_s = self._clock.now_s()
        step = self._per_s * (now_s - self._told_at_s)
        self._told_at_s = now_s
        if busy:
            self._busy_at_s = now_s
            self._level = max(self._level, min(self._start, self._ceiling(now_s)))
        if busy and not waiting:
            if now_s - self._setback_at_s >= SETBACK_PAUSE_S:
                self._level = min(self._most, self._level + step)
        elif waiting:
            is_quiet = now_s - self._busy_at_s >= QUIET_S
            floor = self._quiet if is_quiet else self._start
            self._level = min(self._level, max(floor, self._level - step))

    def set_back(self) -> None:
        """A throttle, or an error of the function that counts."""
        now_s = self._clock.now_s()
        if now_s - self._setback_at_s >= SETBACK_EVERY_S:
            self._setback_at_s = now_s
            self._level = max(1.0, self._level / 2)

    def _ceiling(self, now_s: float) -> float:
        """What may be returned to at once when messages come after a quiet time."""
        return self._level if now_s - self._setback_at_s < SETBACK_PAUSE_S else self._start


class PollPace:
    """When provisioned pollers may poll next; not for several threads at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_at_s = clock.now_s()

    def begin_in_s(self, pollers: int) -> float:
        """Seconds until the next poll may begin, which then counts as begun."""
        now_s = self._clock.now_s()
        begins_at_s = max(now_s, self._free_at_s)
        self._free_at_s = begins_at_s + 1 / (POLLS_PER_POLLER_S * pollers)
        return begins_at_s - now_s

    def carried(self, size_bytes: int, pollers: int) -> None:
        """A poll brought so much, which takes the pollers' time."""
        self._free_at_s += size_bytes / (BYTES_PER_POLLER_S * pollers)
