"""How long messages are kept, and hidden while somebody works on them."""

from collections.abc import Iterator

from compliance.queue_audit.facts import QueueFacts, Unknown
from compliance.queue_audit.profile import Profile
from compliance.queue_audit.rules.rule import LAMBDA_GUIDE, SQS_GUIDE, Rule

VISIBILITY_PER_TIMEOUT = 6  # AWS Lambda Developer Guide, services-sqs-configure.html


def _retention(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    low, high = profile.queue.retention_s_min, profile.queue.retention_s_max
    if isinstance(queue.retention_s, Unknown):
        yield queue.retention_s
    elif not low <= queue.retention_s <= high:
        yield (
            f"it keeps messages {queue.retention_s:,} s; the profile asks for {low:,} to {high:,} s"
        )


def _visibility(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    if queue.is_dead_letter is True:
        return  # nobody consumes it by rule
    consumer = profile.consumer
    wanted_s = VISIBILITY_PER_TIMEOUT * consumer.timeout_s + consumer.batch_window_s
    if isinstance(queue.visibility_s, Unknown):
        yield queue.visibility_s
    elif queue.visibility_s < wanted_s:
        yield (
            f"a received message is hidden {queue.visibility_s:,} s; a consumer with a time-out of "
            f"{consumer.timeout_s} s needs {wanted_s:,} s, or it gets messages twice"
        )


RETENTION = Rule[QueueFacts](
    "sqs/retention",
    "warning",
    "messages are kept as long as the profile asks",
    "Set MessageRetentionPeriod.",
    f"{SQS_GUIDE}/sqs-configure-queue-parameters.html",
    _retention,
)
VISIBILITY = Rule[QueueFacts](
    "sqs/visibility",
    "error",
    "a received message stays hidden six times the consumer's time-out",
    "Raise VisibilityTimeout, or lower the function's time-out.",
    f"{LAMBDA_GUIDE}/services-sqs-configure.html",
    _visibility,
)
