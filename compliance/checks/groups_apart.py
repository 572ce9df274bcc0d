"""groups-apart: what holds up one message group holds up no other.

SQS hands out the next messages of a group only when those before them are done. Emails of two of
the senders' groups that lie in one group of the queue therefore wait for each other: for a slow
provider, for a retry, for a message that can never be sent. A pipeline may split a sender's group
(that is a matter of `order`), but must not join two.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide

CLAIM = "groups-apart"

# Delivered emails by the group that their sender gave them and the one that the queue was given.
PLACED = """
    select e.kid, i.eid, i.stored_s, i.gid as queue_gid, e.gid as sender_gid
    from emails e join email_ids i on i.eid = e.delivered_eid
    where i.stored_s is not null and i.gid is not null and e.gid is not null
"""
COUNTS = f"""
    select count(*), count(distinct sender_gid), count(distinct queue_gid) from ({PLACED})
"""  # noqa: S608 - our own text
# All but those of the group that came first.
JOINED = f"""
    with placed as ({PLACED}),
    mixed as (
        select queue_gid from placed group by queue_gid having min(sender_gid) < max(sender_gid)),
    owned as (
        select *, first_value(sender_gid) over (
            partition by queue_gid order by stored_s, kid) as owner
        from placed where queue_gid in (select queue_gid from mixed))
    select email_id, o.stored_s from owned o join email_ids using (eid)
    where sender_gid <> owner order by o.stored_s, kid
"""  # noqa: S608 - our own text


def check(history: History) -> Verdict:
    emails, groups, queue_groups = history.rows(COUNTS)[0]
    reasons = []
    if not history.has("queue"):
        reasons.append("the queue kept no journal, so nobody knows in which group an email was")
    if groups < 2:
        reasons.append("fewer than two message groups were sent to")
    if emails < history.scenario.expect.sample_min:
        reasons.append(
            f"{emails} delivered emails are fewer than the {history.scenario.expect.sample_min} "
            "asked for"
        )
    joined = history.rows(JOINED)
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(len(joined), reasons),
        summary=(
            f"{emails:,} emails of {groups:,} groups in {queue_groups:,} groups of the queue, "
            f"{len(joined):,} in another's"
        ),
        figures={"groups": groups, "queue_groups": queue_groups, "joined": len(joined)},
        offences=[
            Offence(
                id=email_id,
                what="shares a message group with emails of another, and waits for them",
                at_s=history.since_origin(at_s),
            )
            for email_id, at_s in joined[:OFFENCES_KEPT]
        ],
        offence_count=len(joined),
        reasons=reasons,
    )
