"""What senders saw and what was delivered, read from the ledgers by DuckDB: millions in seconds."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from compliance.ledgers import Ledgers
from reports.measures import Timed, outcome_counts
from reports.model import OutcomeCount
from reports.numbers import Floats

ATTEMPTS = """
    create or replace temp table attempts_made as
    select key, attempt, max(at_s) filter (kind = 'invoke') as left_s,
           max(coalesce(intended_s, at_s)) filter (kind = 'invoke') as due_s,
           min(at_s) filter (kind = 'ok') as accepted_s,
           min(at_s) filter (kind in ('fail', 'info')) as refused_s
    from sender group by key, attempt
"""
EMAILS = """
    with emails as (
        select key, max(due_s) filter (attempt = 1) as due_s, min(accepted_s) as accepted_s
        from attempts_made group by key),
    deliveries as (
        select key, min(at_s) as delivered_s from sink where key is not null group by key)
    select due_s, accepted_s, delivered_s from emails left join deliveries using (key)
"""
THROTTLED = """
    select at_s from sender where kind in ('fail', 'info')
    and (status = 429 or contains(lower(coalesce(code, '')), 'throttl'))
"""
COUNTS = "select kind, status, coalesce(code, ''), count(*) from sender group by all"
UNANSWERED = """
    select count(*) from attempts_made
    where left_s is not null and accepted_s is null and refused_s is null
"""


class Sends(NamedTuple):
    """What senders saw, attempt by attempt and email by email, and what became of it."""

    due_s: Floats  # first attempts, when the schedule wanted them
    retried_s: Floats  # later attempts, when they left
    acknowledged_s: Floats  # every 202
    throttled_s: Floats
    delivered_s: Floats  # every delivery
    responses: Timed  # from when an email was due until its first 202, retries included
    services: Timed  # from an attempt's departure until its 202
    refusals: Timed  # the same for answers other than 202
    deliveries: Timed  # from an email's first 202 until its first delivery; sooner is at once
    outcomes: list[OutcomeCount]


def email_moments(ledgers: Ledgers) -> list[Floats]:
    """Of each email when it was due, first accepted and first delivered; NaN where it was not.

    On the ledgers' clock. Leaves the attempts in `attempts_made`.
    """
    ledgers.db.execute(ATTEMPTS)
    return ledgers.columns(EMAILS)


def read_sends(ledgers: Ledgers, origin_s: float) -> Sends:
    """All times count from `origin_s`."""

    def moments(sql: str) -> list[Floats]:
        return [column - origin_s for column in ledgers.columns(sql)]

    due_s, first_ack_s, first_delivery_s = (each - origin_s for each in email_moments(ledgers))
    left_s, accepted_s, refused_s = moments(
        "select left_s, accepted_s, refused_s from attempts_made"
    )
    return Sends(
        due_s=due_s[np.isfinite(due_s)],
        retried_s=moments("select at_s from sender where kind = 'invoke' and attempt <> 1")[0],
        acknowledged_s=moments("select at_s from sender where kind = 'ok'")[0],
        throttled_s=moments(THROTTLED)[0],
        delivered_s=moments("select at_s from sink")[0],
        responses=Timed.between(due_s, first_ack_s),
        services=Timed.between(left_s, accepted_s),
        refusals=Timed.between(left_s, refused_s),
        deliveries=Timed.between(first_ack_s, first_delivery_s),
        outcomes=outcome_counts(_counted(ledgers)),
    )


def _counted(ledgers: Ledgers) -> "Counter[tuple[str, int | None, str]]":
    counts: Counter[tuple[str, int | None, str]] = Counter()
    for kind, status, code, count in ledgers.rows(COUNTS):
        if kind != "invoke":
            counts[kind, status, code] = count
    if unanswered := ledgers.rows(UNANSWERED)[0][0]:
        counts["unanswered", None, ""] = unanswered
    return counts
