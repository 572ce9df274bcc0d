"""What a queue hands out, counts, and needs of the world around it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from reference.clock import Clock
from reference.cloud.sqs.limits import Limits
from reference.cloud.sqs.message import Message
from reference.cloud.sqs.witness import Witness

if TYPE_CHECKING:
    from reference.cloud.sqs.queue import Queue


@dataclass(slots=True)
class Sent:
    message_id: str
    sequence_number: str | None
    is_repeat: bool


class Received(NamedTuple):
    message: Message
    receipt_handle: str


@dataclass(slots=True)
class Counters:
    """What happened since the queue was created; CloudWatch's sums are differences of these."""

    sent: int = 0
    received: int = 0
    deleted: int = 0
    empty_receives: int = 0
    deduplicated: int = 0
    sent_bytes: int = 0
    # Of calls that carry messages, each 64 KiB beyond the first: AWS bills them as further requests
    sent_further_chunks: int = 0
    received_further_chunks: int = 0


class Depth(NamedTuple):
    visible: int
    in_flight: int
    delayed: int
    groups_in_flight: int
    noisy_groups: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a queue needs of the world around it."""

    clock: Clock
    limits: Limits
    witness: Witness
    next_order: Callable[[], int]
    new_message_id: Callable[[], str]
    find_by_arn: Callable[[str], "Queue | None"]
    on_available: Callable[["Queue"], None]
