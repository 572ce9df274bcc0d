"""Messages that fail again and again are parked, and the parking place holds.

Of a queue that is a dead-letter queue itself, only who may park there is asked.
"""

from collections.abc import Iterator

from compliance.queue_audit.facts import Maybe, Missing, QueueFacts, Redrive, RedriveAllow, Unknown
from compliance.queue_audit.profile import Profile
from compliance.queue_audit.rules.rule import SQS_GUIDE, Rule

_DLQ_PAGE = f"{SQS_GUIDE}/sqs-dead-letter-queues.html"


def _redrive(queue: QueueFacts) -> Redrive | Unknown | None:
    """The redrive policy that the rules ask about: of a dead-letter queue, none."""
    return None if queue.is_dead_letter is True else queue.redrive


def _target(queue: QueueFacts) -> QueueFacts | None:
    """The dead-letter queue, where it is known; what is not is `dead-letter-exists`'s affair."""
    return queue.dead_letter if isinstance(queue.dead_letter, QueueFacts) else None


def _present(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    del profile
    if isinstance(queue.redrive, Unknown):
        yield queue.redrive
    elif queue.redrive is None and isinstance(queue.is_dead_letter, Unknown):
        yield queue.is_dead_letter
    elif queue.redrive is None and not queue.is_dead_letter:
        yield "it has no dead-letter queue: a message that always fails comes back until it expires"


def _exists(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    del profile
    if isinstance(queue.dead_letter, Unknown):
        yield queue.dead_letter
    elif isinstance(queue.dead_letter, Missing):
        yield f"its dead-letter queue {queue.dead_letter.name} does not exist"


def _same_type(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    del profile
    is_target_fifo = _is_target_fifo(queue)
    if is_target_fifo is None or isinstance(is_target_fifo, Unknown):
        return  # `dead-letter` or `dead-letter-exists` has told
    if isinstance(queue.is_fifo, Unknown):
        yield queue.is_fifo
    elif queue.is_fifo != is_target_fifo:
        kinds = {True: "a FIFO queue", False: "a standard queue"}
        yield (
            f"it is {kinds[queue.is_fifo]} and its dead-letter queue {kinds[is_target_fifo]}; "
            "SQS wants the same type"
        )


def _is_target_fifo(queue: QueueFacts) -> Maybe[bool | None]:
    target = _target(queue)
    if target is not None:
        return target.is_fifo
    if isinstance(queue.redrive, Redrive) and isinstance(queue.redrive.target_arn, str):
        return queue.redrive.target_arn.endswith(".fifo")  # SQS's rule for the names of FIFO queues
    return None


def _keeps_as_long(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    del profile
    target = _target(queue)
    if target is None:
        return
    if isinstance(queue.retention_s, Unknown):
        yield queue.retention_s
    elif isinstance(target.retention_s, Unknown):
        yield target.retention_s
    elif target.retention_s < queue.retention_s:
        yield (
            f"its dead-letter queue keeps messages {target.retention_s:,} s and it keeps them "
            f"{queue.retention_s:,} s itself: parked messages can expire at once"
        )


def _receive_count(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    redrive = _redrive(queue)
    if not isinstance(redrive, Redrive):
        return  # `dead-letter` has told
    low, high = profile.dead_letter.max_receive_count_min, profile.dead_letter.max_receive_count_max
    if isinstance(redrive.max_receive_count, Unknown):
        yield redrive.max_receive_count
    elif not low <= redrive.max_receive_count <= high:
        yield (
            f"maxReceiveCount is {redrive.max_receive_count}; the profile asks for {low} to {high}"
        )


def _allows_source(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    """Whether the dead-letter queue takes this queue's messages at all."""
    del profile
    target = _target(queue)
    if target is None:
        return
    allow = target.redrive_allow
    if isinstance(allow, Unknown):
        yield allow
    elif allow is None or allow.permission == "allowAll":
        return  # `redrive-allow` tells that it takes too many
    elif isinstance(allow.permission, Unknown):
        yield allow.permission
    elif allow.permission == "denyAll":
        yield "its dead-letter queue denies every source queue"
    elif isinstance(queue.arn, Unknown):
        yield queue.arn
    elif queue.arn not in allow.source_arns:
        unknown = next((arn for arn in allow.source_arns if isinstance(arn, Unknown)), None)
        yield unknown or "its dead-letter queue does not list it among the source queues"


def _allow_is_narrow(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    del profile
    if queue.is_dead_letter is False:
        return
    if isinstance(queue.is_dead_letter, Unknown):
        yield queue.is_dead_letter
        return
    allow = queue.redrive_allow or RedriveAllow("allowAll")
    permission = allow if isinstance(allow, Unknown) else allow.permission
    if isinstance(permission, Unknown):
        yield permission
    elif permission == "allowAll":
        yield "every queue of the account may use it as dead-letter queue"


PRESENT = Rule[QueueFacts](
    "sqs/dead-letter",
    "error",
    "a dead-letter queue is set",
    "Set RedrivePolicy with deadLetterTargetArn and maxReceiveCount.",
    _DLQ_PAGE,
    _present,
)
EXISTS = Rule[QueueFacts](
    "sqs/dead-letter-exists",
    "error",
    "the dead-letter queue exists",
    "Create the queue that RedrivePolicy names, or name another.",
    _DLQ_PAGE,
    _exists,
)
SAME_TYPE = Rule[QueueFacts](
    "sqs/dead-letter-type",
    "error",
    "the dead-letter queue is of the queue's type",
    "A FIFO queue needs a FIFO queue, a standard queue a standard one.",
    _DLQ_PAGE,
    _same_type,
)
KEEPS_AS_LONG = Rule[QueueFacts](
    "sqs/dead-letter-retention",
    "warning",
    "the dead-letter queue keeps messages at least as long as the queue",
    "Raise the dead-letter queue's MessageRetentionPeriod; on a standard queue the time that a "
    "message spent before it was parked counts too.",
    f"{SQS_GUIDE}/setting-up-dead-letter-queue-retention.html",
    _keeps_as_long,
)
RECEIVE_COUNT = Rule[QueueFacts](
    "sqs/max-receive-count",
    "warning",
    "maxReceiveCount is in the profile's range",
    "Set maxReceiveCount in RedrivePolicy.",
    _DLQ_PAGE,
    _receive_count,
)
ALLOWS_SOURCE = Rule[QueueFacts](
    "sqs/redrive-allowed",
    "error",
    "the dead-letter queue takes this queue's messages",
    "Add the queue's ARN to sourceQueueArns in the dead-letter queue's RedriveAllowPolicy.",
    f"{SQS_GUIDE}/sqs-configure-dead-letter-queue.html",
    _allows_source,
)
ALLOW_IS_NARROW = Rule[QueueFacts](
    "sqs/redrive-allow",
    "warning",
    "a dead-letter queue says which queues may park messages in it",
    "Set RedriveAllowPolicy to byQueue with the source queues' ARNs.",
    f"{SQS_GUIDE}/sqs-configure-dead-letter-queue.html",
    _allow_is_narrow,
)
