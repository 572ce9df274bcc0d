"""Standard queues: oldest visible message first, and fairness between tenants.

A message's MessageGroupId names its tenant on a standard queue. A tenant becomes noisy when it
has 30 messages and more than a tenth of all messages in flight; messages of quiet tenants then go
first, and among noisy tenants the one with the fewest in flight is next. A tenant is quiet again
once its backlog is drained or it sent nothing for five minutes. Nothing is held back or dropped.
Source: DG sqs-fair-queues-detailed.html. Its second criterion, a tenth of the recent processing
time, is not modelled: AWS does not say over which time.
"""

import heapq

from reference.clock import Clock
from reference.cloud.sqs.message import Message, State
from reference.cloud.sqs.ordering import Draw, Taken
from reference.cloud.sqs.store import MessageStore

NOISY_IN_FLIGHT_MIN = 30
NOISY_SHARE = 0.1
QUIET_AFTER_S = 300.0
_IN_FLIGHT = State.IN_FLIGHT  # every send asks, and looking up a member costs as much as a call


class Tenant:
    """One message group of a standard queue."""

    __slots__ = ("backlog", "in_flight", "is_noisy", "last_sent_s", "live", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.live = 0  # visible and in flight
        self.in_flight = 0
        self.is_noisy = False
        self.last_sent_s = 0.0
        self.backlog: list[int] = []  # places of its visible messages while it is noisy


class FairOrdering:
    """The ordering of a standard queue."""

    def __init__(self, store: MessageStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        # Places of visible messages; one that is gone, or whose tenant became noisy, is met and
        # dealt with later.
        self._quiet: list[int] = []
        self._tenants: dict[str, Tenant] = {}  # those with messages, and the noisy ones
        self._noisy: list[Tenant] = []
        self._in_flight = 0

    def arrive(self, message: Message) -> None:
        places = self._quiet
        if message.group is not None:
            tenant = self._tenants.get(message.group)
            if tenant is None:
                tenant = self._tenants[message.group] = Tenant(message.group)
            tenant.live += 1
            tenant.last_sent_s = self._clock.now_s()
            if tenant.is_noisy:
                places = tenant.backlog
        if message.state is not _IN_FLIGHT:  # as a restart may bring it back
            heapq.heappush(places, message.order)

    def _add(self, message: Message) -> None:
        tenant = self._tenant(message)
        places = tenant.backlog if tenant is not None and tenant.is_noisy else self._quiet
        heapq.heappush(places, message.order)

    def _tenant(self, message: Message) -> Tenant | None:
        return None if message.group is None else self._tenants.get(message.group)

    def take(self, limit: int, receive_count_max: int, draw: Draw | None = None) -> Taken:
        taken = Taken([], [])
        window = limit if draw is None else max(limit, draw.window)
        while len(taken.messages) < window and (places := self._next_places()):
            message = self._store.get(heapq.heappop(places))
            assert message is not None
            is_spent = message.receive_count >= receive_count_max
            (taken.spent if is_spent else taken.messages).append(message)
        if draw is None:
            return taken
        drawn = draw.pick(taken.messages, limit)
        for message in taken.messages:
            if message not in drawn:
                self._add(message)
        return Taken(drawn, taken.spent)

    def _next_places(self) -> list[int] | None:
        """The heap whose first message is next; None when nothing is visible."""
        while (message := self._first(self._quiet)) is not None:
            tenant = self._tenant(message)
            if tenant is None or not tenant.is_noisy:
                return self._quiet
            heapq.heappush(tenant.backlog, heapq.heappop(self._quiet))
        self._forgive()
        noisy = [tenant for tenant in self._noisy if self._first(tenant.backlog) is not None]
        if noisy:
            return min(noisy, key=lambda tenant: tenant.in_flight).backlog
        # A tenant that was forgiven just now brought its messages back.
        return self._quiet if self._first(self._quiet) is not None else None

    def _first(self, places: list[int]) -> Message | None:
        """The first message that is still visible; drops the places before it."""
        while places:
            message = self._store.get(places[0])
            if message is not None and message.state is State.VISIBLE:
                return message
            heapq.heappop(places)
        return None

    def _forgive(self) -> None:
        still_noisy = []
        for tenant in self._noisy:
            is_drained = self._first(tenant.backlog) is None and tenant.in_flight == 0
            if is_drained or self._clock.now_s() - tenant.last_sent_s >= QUIET_AFTER_S:
                tenant.is_noisy = False
                for place in tenant.backlog:
                    heapq.heappush(self._quiet, place)
                tenant.backlog = []
                self._forget_idle(tenant)
            else:
                still_noisy.append(tenant)
        self._noisy = still_noisy

    def put_again(self, message: Message) -> None:
        self._add(message)

    def hold(self, message: Message) -> None:
        self._in_flight += 1
        tenant = self._tenant(message)
        if tenant is None:
            return
        tenant.in_flight += 1
        if (
            not tenant.is_noisy
            and tenant.in_flight >= NOISY_IN_FLIGHT_MIN
            and tenant.in_flight > NOISY_SHARE * self._in_flight
        ):
            tenant.is_noisy = True
            self._noisy.append(tenant)

    def adjust(self, message: Message) -> None:
        pass

    def is_last_set(self, message: Message) -> bool:
        del message
        return False  # a rule of FIFO groups

    def show(self, message: Message) -> None:
        self._end_flight(message)
        self._add(message)

    def remove(self, message: Message, *, was_in_flight: bool) -> None:
        if was_in_flight:
            self._end_flight(message)
        if (tenant := self._tenant(message)) is not None:
            tenant.live -= 1
            self._forget_idle(tenant)

    def _forget_idle(self, tenant: Tenant) -> None:
        # A queue may see a new tenant with every message.
        if not tenant.live and not tenant.is_noisy:
            del self._tenants[tenant.name]

    def _end_flight(self, message: Message) -> None:
        self._in_flight -= 1
        tenant = self._tenant(message)
        if tenant is not None:
            tenant.in_flight -= 1

    def has_available(self) -> bool:
        return bool(self._next_places())

    def next_group(self) -> str | None:
        return None  # a question about FIFO queues

    def groups_in_flight(self) -> int:
        return 0  # a metric of FIFO queues

    def noisy_groups(self) -> int:
        self._forgive()
        return len(self._noisy)
