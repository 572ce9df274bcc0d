"""Throughput quotas: how many calls a second a FIFO queue admits per API action.

AWS gives the rate (300 calls a second; a batch is one call: DG quotas-messages.html) and not the
shape. Our stricter readings, each a setting or written down here:
- a send and a batch of sends draw on one allowance; so do deletes, and changes of visibility;
- a call is charged when it arrives, a long poll like any other receive;
- calls that the quota refuses are not charged, and change nothing;
- the default shape is a token bucket that holds 12 calls (40 ms of the rate), so more than 300
  calls in a second pass only by that much. `burst_calls` makes it larger: 300 is one second's.
"""

from dataclasses import dataclass, field

from reference.clock import Clock
from reference.cloud.sqs.limits import Limits
from reference.cloud.sqs.queue import Queue

BURST_CALLS_DEFAULT = 12

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

    def take(self) -> bool:
        now_s = self._clock.now_s()
        inflow = (now_s - self._filled_s) * self._rate_per_s
        self._tokens = min(self._burst, self._tokens + inflow)
        self._filled_s = now_s
        # Sums of fractions fall short of whole tokens by rounding; this much is no token.
        if self._tokens < 1 - 1e-9:
            return False
        self._tokens -= 1
        return True


@dataclass(slots=True)
class CallCounts:
    """Calls of one action family on one queue."""

    admitted: int = 0
    throttled: int = 0


@dataclass(slots=True)
class _Account:
    bucket: TokenBucket | None
    counts: CallCounts = field(default_factory=CallCounts)


class Quotas:
    """Admits or refuses calls, and counts both."""

    def __init__(
        self, clock: Clock, limits: Limits, *, burst_calls: float = BURST_CALLS_DEFAULT
    ) -> None:
        if burst_calls < 1:
            raise ValueError(f"a burst of {burst_calls} calls admits nothing; at least 1")
        self._clock = clock
        self._limits = limits
        self._burst_calls = burst_calls
        self._accounts: dict[tuple[str, str], _Account] = {}

    def admit(self, queue: Queue, action: str) -> bool:
        """Charge one call; False when it is over the quota."""
        family = FAMILY_OF_ACTION.get(action)
        if family is None:
            return True
        account = self._accounts.get((queue.name, family))
        if account is None:
            account = self._accounts[queue.name, family] = _Account(self._new_bucket(queue))
        if account.bucket is None or account.bucket.take():
            account.counts.admitted += 1
            return True
        account.counts.throttled += 1
        return False

    def _new_bucket(self, queue: Queue) -> TokenBucket | None:
        rate_per_s = self._limits.fifo_calls_per_s
        if rate_per_s is None or not queue.attributes.is_fifo:
            return None
        return TokenBucket(self._clock, rate_per_s, self._burst_calls)

    def forget(self, queue_name: str) -> None:
        """The queue was deleted."""
        for key in [key for key in self._accounts if key[0] == queue_name]:
            del self._accounts[key]

    def counts(self, queue_name: str) -> dict[str, CallCounts]:
        """By action family; families that were never called are left out."""
        return {
            family: account.counts
            for (name, family), account in self._accounts.items()
            if name == queue_name
        }
