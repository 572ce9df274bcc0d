"""Who may reach the queue, and how."""

from collections.abc import Iterator

from compliance.queue_audit.facts import QueueFacts, Unknown
from compliance.queue_audit.policy import CONTENT_ACTIONS, denies_without_tls, public_statements
from compliance.queue_audit.profile import Profile
from compliance.queue_audit.rules.rule import SQS_GUIDE, Rule


def _tls_only(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    del profile
    if isinstance(queue.policy, Unknown):
        yield queue.policy
        return
    policy = queue.policy or {}
    answers = {action: denies_without_tls(policy, queue.arn, action) for action in CONTENT_ACTIONS}
    open_to = [action for action, answer in answers.items() if answer is False]
    if open_to:
        yield f"no statement denies everybody {' and '.join(open_to)} without TLS"
        return
    yield from {answer: None for answer in answers.values() if isinstance(answer, Unknown)}


def _no_public_principal(queue: QueueFacts, profile: Profile) -> Iterator[str | Unknown]:
    del profile
    if isinstance(queue.policy, Unknown):
        yield queue.policy
        return
    for label, is_public in public_statements(queue.policy or {}):
        if isinstance(is_public, Unknown):
            yield Unknown(f"{label}: {is_public.why}")
        elif is_public:
            yield f"{label} of its policy allows everybody; no condition says who"


TLS_ONLY = Rule[QueueFacts](
    "sqs/tls-only",
    "error",
    "requests without TLS are denied",
    "Add a Deny for Principal * and sqs:* with the condition Bool aws:SecureTransport false alone.",
    f"{SQS_GUIDE}/sqs-security-best-practices.html",
    _tls_only,
)
NO_PUBLIC_PRINCIPAL = Rule[QueueFacts](
    "sqs/no-public-principal",
    "error",
    "no statement allows everybody",
    "Name principals, or add a condition such as ArnEquals aws:SourceArn.",
    f"{SQS_GUIDE}/sqs-security-best-practices.html",
    _no_public_principal,
)
