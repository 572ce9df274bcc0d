"""FIFO order: message groups take turns, and a group waits while its messages are in flight.

    send -> beyond the look-ahead -> group.fresh -> group.front -> deleted
                                         ^ turn: take from the first ready group of the rotation

Within a group a receive returns messages from the head without a gap, so order is kept whatever
happens to single messages. Because a receive returns ten messages at most and always starts at
the head, a group never has more than ten messages that were received and not deleted: `front`.

A group is ready when its head is visible and the message whose visibility was set last is not in
flight. This one rule explains every behaviour recorded from AWS: a partial delete does not
unlock; a message released early is returned though its batch mates stay hidden; extending any
message of a batch keeps the whole group back; deleting all of them unlocks at once.
Sources: DG FIFO-queues-understanding-logic.html; recordings in localstack's validated tests.
"""

from collections import deque

from reference.cloud.sqs.message import Message, State
from reference.cloud.sqs.ordering import Draw, Taken


class Group:
    """One message group; alive while it has messages."""

    __slots__ = ("fresh", "front", "in_flight", "is_queued", "last_set", "live")

    def __init__(self) -> None:
        self.front: list[Message] = []  # received before, oldest first
        self.fresh: deque[Message] = deque()  # never received
        self.live = 0
        self.in_flight = 0
        self.last_set: Message | None = None
        self.is_queued = False  # it has a place in the rotation

    def head(self) -> Message | None:
        if self.front:
            return self.front[0]
        while self.fresh and self.fresh[0].state is State.GONE:
            self.fresh.popleft()
        return self.fresh[0] if self.fresh else None

    def is_ready(self) -> bool:
        head = self.head()
        return (
            head is not None
            and head.state is State.VISIBLE
            and (self.last_set is None or self.last_set.state is not State.IN_FLIGHT)
        )

    def take(self, limit: int, receive_count_max: int, taken: Taken) -> None:
        """Add the visible messages at the head until `limit` messages were taken."""
        for message in list(self.front):
            if message.state is not State.VISIBLE or len(taken.messages) == limit:
                return
            if message.receive_count >= receive_count_max:
                self.front.remove(message)
                taken.spent.append(message)
            else:
                taken.messages.append(message)
                self.last_set = message
        while len(taken.messages) < limit and self.fresh:
            message = self.fresh.popleft()
            if message.state is State.GONE:
                continue
            self.front.append(message)
            taken.messages.append(message)
            self.last_set = message


class GroupOrdering:
    """All groups of one FIFO queue and the rotation of those that are ready."""

    def __init__(self, look_ahead: int) -> None:
        self._groups: dict[str, Group] = {}
        self._rotation: deque[Group] = deque()
        self._groups_in_flight = 0
        # Messages past the look-ahead belong to no group yet, so their groups starve.
        self._look_ahead = look_ahead
        self._beyond: deque[Message] = deque()
        self._within = 0
        self._horizon = -1  # place of the last message within that was not received before it

    def arrive(self, message: Message) -> None:
        if message.receive_count:
            # A restart brings it back. It was received, so it was within the look-ahead, though
            # that may be shorter now.
            self._enter(message)
        elif not self._beyond and self._within < self._look_ahead:
            self._horizon = message.order
            self._enter(message)
        else:
            self._beyond.append(message)
            self._advance_horizon()

    def _advance_horizon(self) -> None:
        while self._beyond and self._within < self._look_ahead:
            message = self._beyond.popleft()
            if message.state is State.GONE:
                continue
            self._horizon = message.order
            self._enter(message)

    def _enter(self, message: Message) -> None:
        self._within += 1
        name = message.group
        assert name is not None, "a FIFO queue stores no message without a group"
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group()
        (group.front if message.receive_count else group.fresh).append(message)
        group.live += 1
        if not group.is_queued:
            self._offer(group)

    def take(self, limit: int, receive_count_max: int, draw: Draw | None = None) -> Taken:
        taken = Taken([], [])
        while len(taken.messages) < limit and self.has_available():
            group = self._rotation.popleft()
            group.is_queued = False
            group.take(limit, receive_count_max, taken)
        if draw is not None:
            return Taken(draw.pick(taken.messages, limit), taken.spent)
        return taken

    def put_again(self, message: Message) -> None:
        self._offer(self._groups[_name(message)])

    def hold(self, message: Message) -> None:
        group = self._groups[_name(message)]
        group.in_flight += 1
        if group.in_flight == 1:
            self._groups_in_flight += 1

    def adjust(self, message: Message) -> None:
        group = self._groups[_name(message)]
        group.last_set = message
        self._offer(group)

    def is_last_set(self, message: Message) -> bool:
        group = self._groups.get(_name(message))
        return group is not None and group.last_set is message

    def show(self, message: Message) -> None:
        group = self._groups[_name(message)]
        self._end_flight(group)
        self._offer(group)

    def remove(self, message: Message, *, was_in_flight: bool) -> None:
        if message.order > self._horizon and not message.receive_count:
            return  # it leaves `_beyond` when it is met there
        group = self._groups[_name(message)]
        if message in group.front:
            group.front.remove(message)
        group.live -= 1
        if was_in_flight:
            self._end_flight(group)
        if group.live == 0:
            del self._groups[_name(message)]
        else:
            self._offer(group)
        self._within -= 1
        self._advance_horizon()

    def _end_flight(self, group: Group) -> None:
        group.in_flight -= 1
        if group.in_flight == 0:
            self._groups_in_flight -= 1

    def _offer(self, group: Group) -> None:
        if not group.is_queued and group.is_ready():
            group.is_queued = True
            self._rotation.append(group)

    def has_available(self) -> bool:
        while self._rotation:
            if self._rotation[0].is_ready():
                return True
            self._rotation.popleft().is_queued = False
        return False

    def next_group(self) -> str | None:
        head = self._rotation[0].head() if self.has_available() else None
        return None if head is None else head.group

    def groups_in_flight(self) -> int:
        return self._groups_in_flight

    def noisy_groups(self) -> int:
        return 0  # a metric of standard queues


def _name(message: Message) -> str:
    assert message.group is not None, "a FIFO queue stores no message without a group"
    return message.group
