"""groups-apart: what holds up one message group holds up no other.

SQS hands out the next messages of a group only when those before them are done. Emails of two of
the senders' groups that lie in one group of the queue therefore wait for each other: for a slow
provider, for a retry, for a message that can never be sent. A pipeline may split a sender's group
(that is a matter of `order`), but must not join two.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide

CLAIM = "groups-apart"

# Emails by the group that their sender gave them and the one that the queue was given. A message
# belongs to the email that it was delivered as; a 202 may name the message of another.
PLACED = """
    with bearer as (
        select email_id, key from sink union
        select email_id, key from acknowledged
        where email_id not in (select email_id from sink where email_id is not null)
          and email_id in (
              select email_id from acknowledged group by email_id having count(*) = 1)
    )
    select s.email_id, s.stored_s, s."group" as queue_group, t."group" as sender_group
    from stored s join bearer using (email_id) join attempted t using (key)
    where s."group" is not null and t."group" is not null
"""
COUNTS = f"""
    select count(distinct email_id), count(distinct sender_group), count(distinct queue_group)
    from ({PLACED})
"""  # noqa: S608 - our own text
# All but those of the group that came first.
JOINED = f"""
    with placed as ({PLACED})
    select email_id, stored_s from (
        select *, first_value(sender_group) over (
            partition by queue_group order by stored_s, email_id) as owner
        from placed
    ) where sender_group <> owner
    order by stored_s
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
            f"{emails} stored emails are fewer than the {history.scenario.expect.sample_min} "
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
