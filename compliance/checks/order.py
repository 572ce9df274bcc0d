"""order: within a message group, emails leave in the order in which the queue accepted them.

Accepted order is that of the queue's journal; leaving is the first delivery. An email is reordered
when a later one of its group had left before it.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide

CLAIM = "order"

JUDGED = """
    select coalesce(sum(n), 0), count(*), coalesce(sum(n - 1), 0)
    from (select count(*) as n from placed where gid is not null group by gid)
"""
# With the email that left too early, although the queue accepted it later.
REORDERED = """
    with firsts as (select * from reordered_emails order by at_s, kid limit $limit)
    select coalesce(i.email_id, '?'), at_s, coalesce(o.email_id, '?')
    from firsts f left join email_ids i on i.eid = f.eid
    left join email_ids o on o.eid = f.overtaken_by order by at_s, kid
"""


def check(history: History) -> Verdict:
    judged, groups, pairs = map(int, history.rows(JUDGED)[0])
    reasons = []
    if not history.has("queue"):
        reasons.append("the queue kept no journal, so the accepted order is unknown")
    if not history.record.drained:
        reasons.append("the queue was not seen to drain, so an overtaken email may still come")
    if pairs < history.scenario.expect.sample_min:
        reasons.append(
            f"{pairs} pairs of successive emails of a group are fewer than the "
            f"{history.scenario.expect.sample_min} asked for"
        )
    if unplaced := history.sets.delivered - judged:
        reasons.append(f"{unplaced} delivered emails have no place in the queue's journal")
    reordered = history.sets.reordered
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(reordered, reasons),
        summary=f"{judged:,} emails in {groups:,} groups, {reordered:,} reordered",
        figures={"judged": judged, "groups": groups, "reordered": reordered},
        offences=[
            Offence(
                id=email_id,
                what=f"left after {overtaker}, a later email of its group",
                at_s=history.since_origin(at_s),
            )
            for email_id, at_s, overtaker in history.rows(REORDERED, limit=OFFENCES_KEPT)
        ],
        offence_count=reordered,
        reasons=reasons,
    )
