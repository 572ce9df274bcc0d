"""Logs beside the queue: kept for a limited time, with personal data masked."""

from collections.abc import Iterator

from compliance.queue_audit.facts import LogGroupFacts, Unknown
from compliance.queue_audit.profile import Profile
from compliance.queue_audit.rules.rule import LOGS_GUIDE, Rule


def _retention(group: LogGroupFacts, profile: Profile) -> Iterator[str | Unknown]:
    days_max = profile.logs.retention_days_max
    if isinstance(group.retention_days, Unknown):
        yield group.retention_days
    elif group.retention_days is None:
        yield f"its logs never expire; the profile asks for at most {days_max} days"
    elif group.retention_days > days_max:
        yield (
            f"it keeps logs {group.retention_days} days; the profile asks for at most {days_max}"
        )


def _data_protection(group: LogGroupFacts, profile: Profile) -> Iterator[str | Unknown]:
    if not profile.logs.masked:
        return
    if isinstance(group.masked, Unknown):
        yield group.masked
    elif group.masked is None:
        yield "it has no data protection policy"
    else:
        bare = [name for name in profile.logs.masked if name not in group.masked]
        if bare:
            yield f"its data protection policy does not mask {', '.join(bare)}"


RETENTION = Rule[LogGroupFacts](
    "logs/retention",
    "warning",
    "logs expire",
    "Set RetentionInDays on the log group.",
    f"{LOGS_GUIDE}/Working-with-log-groups-and-streams.html",
    _retention,
)
DATA_PROTECTION = Rule[LogGroupFacts](
    "logs/data-protection",
    "error",
    "a data protection policy masks personal data",
    "Set a DataProtectionPolicy that de-identifies the data identifiers named.",
    f"{LOGS_GUIDE}/mask-sensitive-log-data.html",
    _data_protection,
)
