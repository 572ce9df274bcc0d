"""no-loss: what got a 202 is delivered to its recipient or in the DLQ, and nothing else is.

Lost and unexpected must both be empty (Jepsen's total-queue), and so must what was swallowed as a
repeat of another email, delivered to somebody else, or delivered with somebody else's text.
Nothing is called lost before the queue was drained: until then a message may only be late. A
scenario can say how late is too late (its `stuck_after_s`): what is neither delivered nor parked
that long after it was accepted and all faults were over, while emails accepted later were
delivered, is stuck.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide

CLAIM = "no-loss"
WHAT = {
    "lost": "202, never delivered, not in the DLQ",
    "swallowed": "202, but absorbed as a repeat of a different email",
    "unexpected": "delivered, though nobody sent it",
    "misdelivered": "delivered to somebody else",
    "swapped": "delivered with the text of somebody else's email",
}

STUCK = """
    select coalesce(email_id, key), at_s from lost
    where greatest(at_s, $healed_s) + $bound_s <= $end_s
      and at_s < (select max(acknowledged_s) from emails where oks > 0 and deliveries > 0)
    order by at_s
"""


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
    counts |= {"misdelivered": sets.misdelivered, "swapped": sets.swapped}
    stuck = _stuck(history)
    found = [view for view, count in counts.items() if count]
    offences: list[Offence] = []
    for view in found:  # each kind gets its share, so that a frequent one hides no other
        share = OFFENCES_KEPT // len(found)
        offences += history.offences(view, WHAT[view], min(counts[view], share))
    offences += stuck[: OFFENCES_KEPT - len(offences)]
    counts["stuck"] = len(stuck)
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


def _stuck(history: History) -> list[Offence]:
    bound_s = history.scenario.expect.stuck_after_s
    if bound_s is None or history.record.drained is not False or not history.has("sink"):
        return []
    rows = history.rows(
        STUCK,
        healed_s=history.one("select coalesce(max(at_s), 0) from faults where event = 'end'"),
        bound_s=bound_s,
        end_s=history.record.phases[-1].end_s,
    )
    what = f"202, and {bound_s:g} s after all was well neither delivered nor parked"
    return [Offence(id=i, what=what, at_s=history.since_origin(at_s)) for i, at_s in rows]
