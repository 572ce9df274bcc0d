"""Which email an Idempotency-Key stands for, so that another under the same key is refused.

SQS would absorb it as a repeat, and it would be lost with a 202. This memory is one process's
and covers SQS's own interval: with several replicas a misused key can slip through, but a key
used rightly is never refused.
"""

import hashlib
from collections import OrderedDict
from enum import Enum, auto

from reference.clock import Clock

REMEMBERED_S = 300.0  # SQS's deduplication interval
REMEMBERED_MAX = 100_000


class Claim(Enum):
    """What an id stood for until now."""

    NEW = auto()  # nothing
    REPEATED = auto()  # this very email
    TAKEN = auto()  # another email


class KeyUse:
    """Remembers digests, not emails."""

    def __init__(self, clock: Clock, remembered_max: int = REMEMBERED_MAX) -> None:
        self._clock = clock
        self._remembered_max = remembered_max
        self._uses: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def claim(self, email_id: str, *, body: str, group: str) -> Claim:
        """Let the id stand for this email, if it is free."""
        now_s = self._clock.now_s()
        # Insertion order is age order, as a repeat does not prolong its claim.
        while self._uses and now_s - next(iter(self._uses.values()))[1] >= REMEMBERED_S:
            self._uses.popitem(last=False)
        digest = hashlib.sha256(f"{group}\0{body}".encode()).digest()
        known = self._uses.get(email_id)
        if known is not None:
            return Claim.REPEATED if known[0] == digest else Claim.TAKEN
        self._uses[email_id] = (digest, now_s)
        if len(self._uses) > self._remembered_max:
            self._uses.popitem(last=False)
        return Claim.NEW

    def give_up(self, email_id: str) -> None:
        """A new claim's email was certainly not sent: the sender may correct it under its key."""
        self._uses.pop(email_id, None)
