"""no-false-ack: every 202 has a message that the queue had stored before the sender was told.

The queue's journal is the ground truth. A repeat that deduplication absorbed counts as stored: the
message is there. Sender and queue share the machine's monotonic clock, so "before" needs no
tolerance.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide

CLAIM = "no-false-ack"

FALSE_ACKS = """
    select coalesce(ok.email_id, ok.key, '?'), ok.at_s, ok.email_id is null, s.stored_s
    from (select * from sender where kind = 'ok') ok
    left join stored s on s.email_id = ok.email_id
    where s.stored_s is null or s.stored_s > ok.at_s
    order by ok.at_s
"""


def check(history: History) -> Verdict:
    acknowledged = history.one("select count(*) from sender where kind = 'ok'")
    errors = history.one("select count(*) from attempts where kind in ('fail', 'info')")
    unstored = history.one(
        "select count(*) from faults where event = 'fired' and action like 'Send%' and not stored"
    )
    reasons = []
    if not history.has("queue"):
        reasons.append("the queue kept no journal, so nobody knows what it stored")
    if acknowledged < history.scenario.expect.sample_min:
        reasons.append(
            f"{acknowledged} acknowledgements are fewer than the "
            f"{history.scenario.expect.sample_min} asked for"
        )
    false_acks = history.rows(FALSE_ACKS) if history.has("queue") else []
    summary = f"{acknowledged:,} acknowledged, all stored before their 202"
    if false_acks:
        summary = f"{len(false_acks):,} of {acknowledged:,} acknowledged were not stored by then"
    elif reasons:
        summary = f"{acknowledged:,} acknowledged"
    if unstored:
        summary += (
            f"; {unstored:,} writes failed unstored, {errors:,} attempts answered with errors"
        )
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(len(false_acks), reasons),
        summary=summary,
        figures={
            "acknowledged": acknowledged,
            "false_acks": len(false_acks),
            "errors": errors,
            "failed_writes": unstored,
        },
        offences=[
            Offence(id=i, what=_what(nameless, stored_s), at_s=history.since_origin(at_s))
            for i, at_s, nameless, stored_s in false_acks[:OFFENCES_KEPT]
        ],
        offence_count=len(false_acks),
        reasons=reasons,
    )


def _what(nameless: bool, stored_s: float | None) -> str:
    if nameless:
        return "202 without an id, so nobody can tell what was stored"
    if stored_s is None:
        return "202, but the queue never stored it"
    return "202 before the queue had stored it"
