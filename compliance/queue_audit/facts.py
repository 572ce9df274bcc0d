"""What is known of queues and log groups, whoever found it out.

A fact has three states: a value, None where a thing is not set, and Unknown where nobody can tell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be found out, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is referred to and does not exist."""

    name: str


Answer: TypeAlias = bool | Unknown
Maybe: TypeAlias = T | Unknown


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subject was found: a queue's URL, or a template and a line in it."""

    path: str
    line: int = 0  # from 1; 0 for the whole file


@dataclass(frozen=True, slots=True)
class Redrive:
    """Where messages go that were received too often."""

    target_arn: Maybe[str]
    max_receive_count: Maybe[int]


@dataclass(frozen=True, slots=True)
class RedriveAllow:
    """Which queues may use this one as their dead-letter queue."""

    permission: Maybe[str]  # allowAll, denyAll or byQueue
    source_arns: tuple[Maybe[str], ...] = ()


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One queue. `policy` is the policy document, in which any value may be Unknown."""

    name: str
    place: Place
    arn: Maybe[str]
    is_fifo: Maybe[bool]
    is_dead_letter: Maybe[bool]  # whether another queue names it as its dead-letter queue
    sse_sqs: Maybe[bool]
    kms_key: Maybe[str | None]
    policy: Maybe[Mapping[str, Any] | None]
    retention_s: Maybe[int]
    visibility_s: Maybe[int]
    redrive: Maybe[Redrive | None]
    redrive_allow: Maybe[RedriveAllow | None]
    dead_letter: "Maybe[QueueFacts | Missing | None]" = None


@dataclass(frozen=True, slots=True)
class LogGroupFacts:
    """One log group. `masked` holds the data identifiers that its policy masks."""

    name: str
    place: Place
    retention_days: Maybe[int | None]
    masked: Maybe[frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is audited at once. `gaps` are things that were asked for and not found."""

    queues: tuple[QueueFacts, ...]
    log_groups: tuple[LogGroupFacts, ...] = ()
    gaps: tuple[tuple[Place, str], ...] = ()


def all_of(answers: Iterable[Answer]) -> Answer:
    """One No decides; else one Unknown leaves it open."""
    unknown: Unknown | None = None
    for answer in answers:
        if isinstance(answer, Unknown):
            unknown = unknown or answer
        elif not answer:
            return False
    return unknown or True


def any_of(answers: Iterable[Answer]) -> Answer:
    """One Yes decides; else one Unknown leaves it open."""
    unknown: Unknown | None = None
    for answer in answers:
        if isinstance(answer, Unknown):
            unknown = unknown or answer
        elif answer:
            return True
    return unknown or False


def negated(answer: Answer) -> Answer:
    return answer if isinstance(answer, Unknown) else not answer
