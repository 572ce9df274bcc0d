"""Which visible message comes next: the question that FIFO and standard queues answer apart.

A queue tells its ordering what happens to each message; the ordering hands out messages. Neither
knows of handles or deliveries. `groups.py` is the FIFO answer, `fair.py` the standard one.
"""

import random
from typing import NamedTuple, Protocol, TypeVar

from reference.cloud.sqs.message import Message


class Taken(NamedTuple):
    messages: list[Message]  # to deliver, in this order
    spent: list[Message]  # received too often: to park in the dead-letter queue


T = TypeVar("T")


class Draw:
    """How a fault reorders: it takes any of the messages that come next, in any order."""

    window = 20  # messages to choose from

    def __init__(self, randomness: random.Random) -> None:
        self._randomness = randomness
        self.has_reordered = False

    def pick(self, messages: list[T], limit: int) -> list[T]:
        picked = self._randomness.sample(messages, min(limit, len(messages)))
        self.has_reordered = picked != messages[: len(picked)]
        return picked


class Ordering(Protocol):
    """Told of every change of state right after it; hands out visible messages."""

    def arrive(self, message: Message) -> None:
        """A message became visible for the first time."""

    def take(self, limit: int, receive_count_max: int, draw: Draw | None = None) -> Taken:
        """The next messages; the caller holds, shows again or removes each one."""
        ...

    def put_again(self, message: Message) -> None:
        """The message was taken and stays visible after all."""

    def hold(self, message: Message) -> None:
        """The message is in flight from now on."""

    def adjust(self, message: Message) -> None:
        """The visibility timeout of a message in flight was set anew."""

    def is_last_set(self, message: Message) -> bool:
        """Whether its visibility timeout was set last in its group; False without groups."""
        ...

    def show(self, message: Message) -> None:
        """The message is visible again: its timeout expired or was set to zero."""

    def remove(self, message: Message, *, was_in_flight: bool) -> None:
        """The message is gone, though it was visible or in flight."""

    def has_available(self) -> bool:
        """Whether `take` would find a message."""
        ...

    def next_group(self) -> str | None:
        """The group of a FIFO queue that `take` would begin with."""
        ...

    def groups_in_flight(self) -> int:
        """How many groups of a FIFO queue have messages in flight."""
        ...

    def noisy_groups(self) -> int:
        """How many tenants of a standard queue are noisy."""
        ...
