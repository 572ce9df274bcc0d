"""resend-safe: a sender that tries again with the same key causes one email, not two.

The dangerous case is a resend of something already stored: only emails that were sent again, whose
repeat the queue absorbed, and that were delivered, have tried the claim. What cannot be exactly
once, a repeat after a provider's answer was lost, is named and counted apart: `compliance.repeats`.
"""

from compliance.history import History
from compliance.repeats import UNKNOWN_ATTEMPTS
from compliance.verdict import OFFENCES_KEPT, Verdict, decide

CLAIM = "resend-safe"

TRIED = """
    select count(*) from emails
    where attempts > 1 and oks > 0 and deliveries > 0 and acknowledged_eid in (
        select eid from email_ids
        where email_id in (select dedup_id from queue where event = 'absorbed'))
"""
ALSO_PARKED = """
    select count(*) from emails where oks > 0 and deliveries > 0
        and acknowledged_eid in (select eid from parked)
"""


def check(history: History) -> Verdict:
    resent = history.one("select count(*) from emails where attempts > 1")
    tried = history.one(TRIED)
    also_parked = history.one(ALSO_PARKED)
    tried_min = max(history.scenario.expect.resent_min, 1)
    reasons = []
    if not history.has("sink"):
        reasons.append("nobody recorded what was delivered")
    if not history.record.drained:
        reasons.append("the queue was not seen to drain, so second copies may still be in it")
    if tried < tried_min:
        reasons.append(
            f"{tried} emails were sent again after they were stored and then delivered, fewer "
            f"than the {tried_min} asked for"
        )
    if also_parked:
        reasons.append(f"{also_parked} delivered emails also lie in the DLQ: a redrive sends them")
    duplicated, ambiguous = history.sets.duplicated, history.sets.ambiguous
    unknown = history.one(UNKNOWN_ATTEMPTS)
    summary = (
        f"{resent:,} emails sent again, {tried:,} of them after they were stored, "
        f"{duplicated:,} delivered twice"
    )
    if ambiguous or unknown:
        summary += (
            f"; {ambiguous:,} more of the named kind, after provider attempts with unknown "
            f"outcome ({unknown:,} in all)"
        )
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(duplicated, reasons),
        summary=summary,
        figures={
            "resent": resent,
            "resent_after_stored": tried,
            "duplicated": duplicated,
            "ambiguous": ambiguous,
            "unknown_attempts": unknown,
        },
        offences=history.offences("duplicated", "delivered more than once", OFFENCES_KEPT),
        offence_count=duplicated,
        reasons=reasons,
    )
