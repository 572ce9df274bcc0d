"""Every rule, in the order in which a report shows them."""

from typing import Any

from compliance.queue_audit.facts import LogGroupFacts, QueueFacts
from compliance.queue_audit.rules import access, dead_letter, encryption, log_groups, timing
from compliance.queue_audit.rules.rule import Rule

QUEUE_RULES: tuple[Rule[QueueFacts], ...] = (
    encryption.ENCRYPTION,
    access.TLS_ONLY,
    access.NO_PUBLIC_PRINCIPAL,
    dead_letter.PRESENT,
    dead_letter.EXISTS,
    dead_letter.SAME_TYPE,
    dead_letter.KEEPS_AS_LONG,
    dead_letter.RECEIVE_COUNT,
    dead_letter.ALLOWS_SOURCE,
    dead_letter.ALLOW_IS_NARROW,
    timing.RETENTION,
    timing.VISIBILITY,
)
LOG_GROUP_RULES: tuple[Rule[LogGroupFacts], ...] = (
    log_groups.RETENTION,
    log_groups.DATA_PROTECTION,
)
ALL_RULES: tuple[Rule[Any], ...] = (*QUEUE_RULES, *LOG_GROUP_RULES)
RULE_IDS = tuple(rule.id for rule in ALL_RULES)
