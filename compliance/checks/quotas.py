"""fifo-300: at an overload, 300 calls a second are admitted of each action, and nothing is lost.

The first second is left out: a burst allowance, if the queue has one, would show there. Throttled
sends must not be stored. Source of the quota: Amazon SQS Developer Guide, quotas-messages.html.
"""

from dataclasses import dataclass

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Outcome, Verdict, decide
from scenarios.model import CALLED_ACTIONS, SqsCallLoad

CLAIM = "fifo-300"
QUOTA_PER_S = 300.0
TOLERANCE = 0.01  # the claim's own: within 1 %
OVERLOAD_MIN = 1.1  # offered below this, a quota cannot be told from a coincidence
SKIPPED_S = 1.0

RATES = """
    select count(*) / $window_s,
           count(*) filter (outcome = 'admitted') / $window_s,
           count(*) filter (outcome = 'throttled'),
           count(*) filter (outcome = 'error')
    from calls where action = $action and at_s >= $from_s and at_s < $from_s + $window_s
"""
STORED_THOUGH_THROTTLED = """
    select f.key, f.at_s from (select key, at_s from sender where kind = 'fail') f
    join stored s on s.email_id = f.key order by f.at_s
"""


@dataclass(frozen=True)
class ActionRate:
    """What became of one action's calls in the judged window."""

    action: str
    offered_per_s: float
    admitted_per_s: float
    throttled: int
    errors: int

    def offence(self) -> Offence | None:
        if abs(self.admitted_per_s - QUOTA_PER_S) <= TOLERANCE * QUOTA_PER_S:
            return None
        return Offence(
            id=self.action,
            what=f"{self.admitted_per_s:.1f} calls/s admitted of {self.offered_per_s:.1f}/s "
            f"offered; claimed: {QUOTA_PER_S:.0f}/s within {TOLERANCE:.0%}",
        )

    def doubt(self) -> str | None:
        if self.offered_per_s < OVERLOAD_MIN * QUOTA_PER_S:
            return (
                f"{self.action}: {self.offered_per_s:.1f} calls/s offered, less than "
                f"{OVERLOAD_MIN * QUOTA_PER_S:.0f}: no overload"
            )
        if self.errors:
            return f"{self.action}: {self.errors} calls failed for another reason than a throttle"
        return None

    def figures(self) -> dict[str, float | int | str]:
        return {
            f"{self.action}.offered_per_s": round(self.offered_per_s, 2),
            f"{self.action}.admitted_per_s": round(self.admitted_per_s, 2),
            f"{self.action}.throttled": self.throttled,
        }


def check(history: History) -> Verdict:
    load = history.scenario.load
    first_s = history.one("select min(intended_s) from calls")
    if not isinstance(load, SqsCallLoad) or first_s is None:
        return Verdict(
            claim=CLAIM,
            experiment=history.record.name,
            outcome=Outcome.INCONCLUSIVE,
            summary="no direct calls were recorded",
            reasons=["the experiment made no direct SQS calls"],
        )
    window_s = max(load.duration_s - 2 * SKIPPED_S, 1.0)
    rates = [_rate(history, action, first_s + SKIPPED_S, window_s) for action in CALLED_ACTIONS]
    doubts = [doubt for rate in rates if (doubt := rate.doubt())]
    # Without an overload a low rate is the generator's doing, so it convicts nobody.
    offences = [o for rate in rates if not rate.doubt() and (o := rate.offence())]
    stored = history.rows(STORED_THOUGH_THROTTLED)
    lost = history.sets.lost if history.record.drained else 0
    if not history.record.drained:
        doubts.append("the queue was not seen to drain, so losses cannot be told")
    offence_count = len(offences) + len(stored) + lost
    offences += [
        Offence(id=key, what="throttled, but stored all the same", at_s=history.since_origin(at_s))
        for key, at_s in stored[:OFFENCES_KEPT]
    ]
    offences += history.offences("lost", "admitted, then lost", OFFENCES_KEPT)[:lost]
    admitted = ", ".join(
        f"{rate.action.removesuffix('Message').lower()} {rate.admitted_per_s:.1f}" for rate in rates
    )
    throttled = sum(rate.throttled for rate in rates)
    figures: dict[str, float | int | str] = {"lost": lost, "window_s": window_s}
    for rate in rates:
        figures |= rate.figures()
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(offence_count, doubts),
        summary=(
            f"admitted/s over {window_s:g} s: {admitted} of {load.rate_per_s:g}/s offered each; "
            f"{throttled:,} throttled, {lost:,} lost"
        ),
        figures=figures,
        offences=offences[:OFFENCES_KEPT],
        offence_count=offence_count,
        reasons=doubts,
    )


def _rate(history: History, action: str, from_s: float, window_s: float) -> ActionRate:
    row = history.rows(RATES, action=action, from_s=from_s, window_s=window_s)[0]
    return ActionRate(action, *row)
