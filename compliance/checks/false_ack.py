"""no-false-ack: every 202 has a message of its own that the queue had stored before the sender was
told, and what was not stored ends in an error that a sender can retry on.

The queue's journal is the ground truth. A repeat that deduplication absorbed counts as stored: the
message is there. Sender and queue share the machine's monotonic clock, so "before" needs no
tolerance. All traffic is valid, so a 4xx other than 408 and 429 tells a sender to give up an email
that it should send again; one that was delivered after nothing but 4xx was refused falsely.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide

CLAIM = "no-false-ack"

# Ids that vouch for more than one email, though one stored message can vouch for one only; then
# the emails that a 202 may have been false to, by their counts; then the 202s themselves.
FALSE_ACKS = """
    with vouched as (
        select acknowledged_eid as eid, kid from emails where acknowledged_eid is not null
        union all select other_eid, kid from emails where other_eid <> acknowledged_eid),
    shared as (select eid from vouched group by eid having count(*) > 1),
    suspects as (
        select kid from emails where false_oks > 0 or other_eid <> acknowledged_eid
        union select kid from vouched where eid in (select eid from shared)),
    ok as (
        select s.* from sender s where kind = 'ok'
        and key in (select key from suspects join keys using (kid))),
    -- A key can be told two ids; then each is asked whether another key was told it, too.
    twice as (select email_id from ok group by email_id having count(distinct key) > 1)
    select coalesce(ok.email_id, ok.key), ok.at_s, case
        when ok.status not in (200, 202) then 'counted as accepted, though the status was another'
        when ok.email_id is null then '202 without an id, so nobody can tell what was stored'
        when twice.email_id is not null then '202 with an id that another email was given too'
        when i.stored_s is null then '202, but the queue never stored it'
        when i.stored_s > ok.at_s then '202 before the queue had stored it'
        end as what
    from ok
    left join twice on twice.email_id = ok.email_id
    left join email_ids i on i.email_id = ok.email_id
    where what is not null
    union all
    select coalesce(email_id, key), at_s, 'delivered, though every answer said it was refused'
    from denied
    union all
    select key, at_s, 'a valid email refused with HTTP ' || status || ', which no sender retries'
    from sender
    where kind = 'fail' and status between 400 and 499 and status not in (408, 429)
      and key not in (select key from denied) and (select count(*) from calls) = 0
    order by 2
"""
ERRORS = "select count(*) from sender where kind in ('fail', 'info')"


def check(history: History) -> Verdict:
    acknowledged = history.one("select count(*) from sender where kind = 'ok'")
    errors = history.one(ERRORS)
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
    offences = history.rows(FALSE_ACKS) if history.has("queue") else []
    if offences:
        summary = f"{len(offences):,} answers of {acknowledged + errors:,} were false"
    elif reasons:
        summary = f"{acknowledged:,} acknowledged"
    else:
        summary = f"{acknowledged:,} acknowledged, all stored before their 202"
    if unstored:
        summary += (
            f"; {unstored:,} writes failed unstored, {errors:,} attempts answered with errors"
        )
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(len(offences), reasons),
        summary=summary,
        figures={
            "acknowledged": acknowledged,
            "false_answers": len(offences),
            "errors": errors,
            "failed_writes": unstored,
        },
        offences=[
            Offence(id=i, what=what, at_s=history.since_origin(at_s))
            for i, at_s, what in offences[:OFFENCES_KEPT]
        ],
        offence_count=len(offences),
        reasons=reasons,
    )
