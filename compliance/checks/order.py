"""order: within a message group, emails leave in the order in which the queue accepted them.

Accepted order is the queue's sequence number; leaving is the first delivery. An email is reordered
when a later one of its group had left before it.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Verdict, decide

CLAIM = "order"


def check(history: History) -> Verdict:
    judged, groups, pairs = history.rows(
        """
        select coalesce(sum(n), 0), count(*), coalesce(sum(n - 1), 0) from (
            select count(*) as n from delivered d join stored s on s.email_id = d.email_id
            group by s."group")
        """
    )[0]
    reasons = []
    if not history.has("queue"):
        reasons.append("the queue kept no journal, so the accepted order is unknown")
    if pairs < history.scenario.expect.sample_min:
        reasons.append(
            f"{pairs} pairs of successive emails of a group are fewer than the "
            f"{history.scenario.expect.sample_min} asked for"
        )
    reordered = history.sets.reordered
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(reordered, reasons),
        summary=f"{int(judged):,} emails in {groups:,} groups, {reordered:,} reordered",
        figures={"judged": int(judged), "groups": groups, "reordered": reordered},
        offences=history.offences(
            "reordered", "left after a later email of its group", OFFENCES_KEPT
        ),
        offence_count=reordered,
        reasons=reasons,
    )
