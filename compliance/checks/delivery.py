"""no-loss: what got a 202 is delivered to its recipient or in the DLQ, and nothing else is.

Lost and unexpected must both be empty (Jepsen's total-queue), and so must what was swallowed as a
repeat of another email or delivered to somebody else. Nothing is called lost before the queue was
drained: until then a message may only be late.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide

CLAIM = "no-loss"
WHAT = {
    "lost": "202, never delivered, not in the DLQ",
    "swallowed": "202, but absorbed as a repeat of a different email",
    "unexpected": "delivered, though nobody sent it",
    "misdelivered": "delivered to somebody else",
}


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
    lost = sets.lost if history.record.drained and history.has("sink") else 0
    counts = {"lost": lost, "swallowed": sets.swallowed, "unexpected": sets.unexpected}
    counts["misdelivered"] = sets.misdelivered
    found = [view for view, count in counts.items() if count]
    offences: list[Offence] = []
    for view in found:  # each kind gets its share, so that a frequent one hides no other
        share = OFFENCES_KEPT // len(found)
        offences += history.offences(view, WHAT[view], min(counts[view], share))
    missing = "lost" if history.record.drained else "not delivered so far"
    delivered = f"{sets.delivered:,} delivered, {sets.parked:,} parked, {sets.lost:,} {missing}"
    summary = f"{sets.acknowledged:,} acknowledged, "
    summary += delivered if history.has("sink") else "deliveries not recorded"
    others = {"recovered": sets.recovered, **counts}
    del others["lost"]
    summary += "".join(f", {count:,} {name}" for name, count in others.items() if count)
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(sum(counts.values()), reasons),
        summary=summary,
        figures={
            "acknowledged": sets.acknowledged,
            "delivered": sets.delivered,
            "parked": sets.parked,
            "recovered": sets.recovered,
            **counts,
        },
        offences=offences,
        offence_count=sum(counts.values()),
        reasons=reasons,
    )
