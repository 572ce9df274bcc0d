"""Messages are encrypted at rest."""

from collections.abc import Iterator

from compliance.queue_audit.facts import QueueFacts, Unknown
from compliance.queue_audit.profile import Profile
from compliance.queue_audit.rules.rule import SQS_GUIDE, Rule


def _check(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    if isinstance(queue.kms_key, str) and queue.kms_key:
        return
    if profile.encryption == "any" and queue.sse_sqs is True:
        return
    if isinstance(queue.kms_key, Unknown):
        yield queue.kms_key
    elif profile.encryption == "kms":
        yield "no KMS key encrypts it, and the profile asks for one"
    elif isinstance(queue.sse_sqs, Unknown):
        yield queue.sse_sqs
    else:
        yield "neither SSE-SQS nor a KMS key encrypts it"


ENCRYPTION = Rule[QueueFacts](
    "sqs/encryption",
    "error",
    "messages are encrypted at rest",
    "Set SqsManagedSseEnabled to true, or KmsMasterKeyId to a key.",
    f"{SQS_GUIDE}/sqs-server-side-encryption.html",
    _check,
)
