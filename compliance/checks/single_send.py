"""resend-safe: a sender that tries again with the same key causes one email, not two.

The dangerous case is a resend of something already stored. Unless that happened, as the queue's
journal shows by an absorbed repeat, the experiment has not tried the claim.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Verdict, decide

CLAIM = "resend-safe"


def check(history: History) -> Verdict:
    resent = history.one("select count(*) from attempted where attempts > 1")
    absorbed = history.one("select count(distinct dedup_id) from queue where event = 'absorbed'")
    resent_min = max(history.scenario.expect.resent_min, 1)
    reasons = []
    if not history.has("sink"):
        reasons.append("nobody recorded what was delivered")
    if resent < resent_min:
        reasons.append(f"{resent} emails were sent again, fewer than the {resent_min} asked for")
    if not absorbed:
        reasons.append("no email was sent again after it had been stored")
    duplicated = history.sets.duplicated
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(duplicated, reasons),
        summary=(
            f"{resent:,} emails sent again, {absorbed:,} of them after they were stored, "
            f"{duplicated:,} delivered twice"
        ),
        figures={"resent": resent, "absorbed": absorbed, "duplicated": duplicated},
        offences=history.offences("duplicated", "delivered more than once", OFFENCES_KEPT),
        offence_count=duplicated,
        reasons=reasons,
    )
