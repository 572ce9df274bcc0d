"""A ledger that lasts as long as its process, for one worker: the newest emails, bounded."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from reference.clock import Clock
from reference.worker.ledger.port import REFUSED_S, Claim, Known, Outcome, new_token

REMEMBERED_MAX = 100_000  # emails; at 300 a second, the last 5 minutes


@dataclass(slots=True)
class _Entry:
    state: Known  # NEW while nothing is certain
    provider: str = ""
    unknown: int = 0  # attempts of unknown outcome, the one in hand among them
    token: str = ""
    until_s: float = 0.0  # of the lease, or of the refusal


class MemoryLedger:
    """See the module."""

    def __init__(self, clock: Clock, remembered_max: int = REMEMBERED_MAX) -> None:
        self._clock = clock
        self._remembered_max = remembered_max
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def claim(self, email_id: str, *, provider: str, lease_s: float) -> Claim:
        with self._lock:
            now_s = self._clock.now_s()
            entry = self._entries.get(email_id)
            if entry is None or (entry.state is Known.REFUSED and entry.until_s <= now_s):
                entry = self._entries[email_id] = _Entry(Known.NEW)
                self._forget_the_oldest()
            if entry.state is Known.REFUSED:
                entry.until_s = now_s + REFUSED_S
            if entry.state is not Known.NEW:
                return Claim(email_id, entry.state)
            if entry.until_s > now_s:
                return Claim(email_id, Known.BUSY)
            entry.provider = entry.provider if entry.unknown else provider
            entry.unknown += 1
            entry.token = new_token()
            entry.until_s = now_s + lease_s
            return Claim(email_id, Known.NEW, entry.token, entry.provider, entry.unknown - 1)

    def known(self, email_id: str) -> Known:
        with self._lock:
            entry = self._entries.get(email_id)
            if entry is None:
                return Known.NEW
            if entry.state is Known.REFUSED:
                return Known.REFUSED if entry.until_s > self._clock.now_s() else Known.NEW
            return Known.BUSY if entry.state is Known.NEW else entry.state

    def move(self, claim: Claim, provider: str) -> bool:
        with self._lock:
            entry = self._entries.get(claim.email_id)
            if entry is None or entry.token != claim.token:
                return False
            entry.provider = provider
            return True

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        with self._lock:
            entry = self._entries.get(claim.email_id)
            if outcome is Outcome.SENT:
                self._entries[claim.email_id] = _Entry(Known.SENT)
                self._entries.move_to_end(claim.email_id)
            elif entry is not None and entry.token == claim.token:
                self._settle_ours(claim.email_id, entry, outcome)

    def _settle_ours(self, email_id: str, entry: _Entry, outcome: Outcome) -> None:
        entry.token, entry.until_s = "", 0.0
        if outcome is Outcome.REFUSED:
            entry.state, entry.until_s = Known.REFUSED, self._clock.now_s() + REFUSED_S
        elif outcome is Outcome.NOT_SENT:
            entry.unknown -= 1
            if not entry.unknown:
                del self._entries[email_id]

    def close(self) -> None:
        """Nothing is kept."""

    def _forget_the_oldest(self) -> None:
        if len(self._entries) > self._remembered_max:
            self._entries.popitem(last=False)
