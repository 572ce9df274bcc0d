"""no-loss: what got a 202 is delivered or in the DLQ, and nothing else is delivered.

Lost and unexpected must both be empty (Jepsen's total-queue). Nothing is called lost before the
queue was drained: until then a message may only be late.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Verdict, decide

CLAIM = "no-loss"


def check(history: History) -> Verdict:
    sets = history.sets
    reasons = []
    if not history.has("sink"):
        reasons.append("nobody recorded what was delivered")
    if not history.record.drained:
        reasons.append("the queue was not seen to drain, so a missing email may only be late")
    if sets.acknowledged < history.scenario.expect.sample_min:
        reasons.append(
            f"{sets.acknowledged} acknowledged emails are fewer than the "
            f"{history.scenario.expect.sample_min} asked for"
        )
    lost = sets.lost if history.record.drained else 0
    offences = history.offences("lost", "202, never delivered, not in the DLQ", OFFENCES_KEPT)
    offences = offences[:lost]
    offences += history.offences(
        "unexpected", "delivered, though nobody sent it", OFFENCES_KEPT - len(offences)
    )
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(lost + sets.unexpected, reasons),
        summary=(
            f"{sets.acknowledged:,} acknowledged, {sets.delivered:,} delivered, "
            f"{sets.parked:,} parked, {sets.lost:,} lost"
            + (f", {sets.unexpected:,} unexpected" if sets.unexpected else "")
            + (f", {sets.recovered:,} recovered" if sets.recovered else "")
        ),
        figures={
            "acknowledged": sets.acknowledged,
            "delivered": sets.delivered,
            "parked": sets.parked,
            "lost": sets.lost,
            "recovered": sets.recovered,
            "unexpected": sets.unexpected,
            "swallowed": sets.swallowed,
        },
        offences=offences,
        offence_count=lost + sets.unexpected,
        reasons=reasons,
    )
