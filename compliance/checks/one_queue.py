"""one-queue: in a pool, a message group waits in one queue at a time, and so does a repeat.

Order is kept within a queue, not between queues: an email that is put into another queue than an
earlier one of its group, which is still waiting, can overtake it. And a queue absorbs only repeats
of what it was itself sent: a repeat that is put into another queue is a second message. Both are
seen here whether or not they did harm this time; harm is a matter of `order` and `resend-safe`.
An email waits until it is first delivered, or parked.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide

CLAIM = "one-queue"
ABSORBED_S = 300  # SQS's deduplication interval

SPREAD = """
    select count(distinct i.eid), count(distinct q.queue), count(distinct q."group")
    from queue q join email_ids i on i.email_id = q.dedup_id where q.event = 'stored'
"""
# Only groups that were in several queues are looked at closer.
WAITS = """
    with stored as (
        select i.eid, q.dedup_id, q."group" as gname, q.queue as qname, q.at_s
        from queue q join email_ids i on i.email_id = q.dedup_id where q.event = 'stored'),
    spread as (select gname from stored group by gname having min(qname) < max(qname)),
    waits as (
        select s.*, least(coalesce(e.first_s, 'infinity'::double),
                          coalesce(p.parked_s, 'infinity'::double)) as until_s
        from stored s left join emails e on e.delivered_eid = s.eid
        left join parked p on p.eid = s.eid
        where gname in (select gname from spread))
"""
APART = f"""{WAITS}
    select b.dedup_id, min(b.at_s), arg_min(b.qname, b.at_s), arg_min(a.dedup_id, a.at_s),
           arg_min(a.qname, a.at_s)
    from waits b join waits a on a.gname = b.gname and a.qname <> b.qname and a.at_s < b.at_s
    where b.at_s < a.until_s or (a.eid = b.eid and b.at_s < a.at_s + {ABSORBED_S})
    group by b.dedup_id order by 2, 1
"""  # noqa: S608 - our own text


def check(history: History) -> Verdict:
    emails, queues, groups = history.rows(SPREAD)[0]
    reasons = []
    if not history.has("queue"):
        reasons.append("the queues kept no journal, so nobody knows where an email was")
    if queues < 2:
        reasons.append("fewer than two queues were sent to")
    if emails < history.scenario.expect.sample_min:
        reasons.append(
            f"{emails} stored emails are fewer than the {history.scenario.expect.sample_min} "
            "asked for"
        )
    apart = history.rows(APART)
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(len(apart), reasons),
        summary=(
            f"{emails:,} emails of {groups:,} groups in {queues:,} queues, {len(apart):,} put "
            "beside another one that waited"
        ),
        figures={"queues": queues, "groups": groups, "apart": len(apart)},
        offences=[
            Offence(
                id=email_id,
                what=(
                    f"was put into {queue}, and itself is in {other_queue} already"
                    if other == email_id
                    else f"was put into {queue} while {other} of its group waited in {other_queue}"
                ),
                at_s=history.since_origin(at_s),
            )
            for email_id, at_s, queue, other, other_queue in apart[:OFFENCES_KEPT]
        ],
        offence_count=len(apart),
        reasons=reasons,
    )
