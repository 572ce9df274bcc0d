"""What a rule is: an id, how grave an offence is, where AWS says so, and a pure check."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from compliance.pii.outputs import Level
from compliance.queue_audit.facts import LogGroupFacts, QueueFacts, Unknown
from compliance.queue_audit.profile import Profile

S = TypeVar("S", QueueFacts, LogGroupFacts)

SQS_GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
LOGS_GUIDE = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs"
LAMBDA_GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"


@dataclass(frozen=True)
class Rule(Generic[S]):
    """`check` yields one text an offence, an Unknown for what it could not tell, or nothing."""

    id: str
    level: Level
    summary: str
    fix: str
    source: str  # a page of AWS's documentation
    check: Callable[[S, Profile], Iterator[str | Unknown]]
