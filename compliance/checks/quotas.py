"""fifo-300: at an overload, 300 calls a second are admitted of each action, and nothing is lost.

Two measures. On average over the load, by the callers' own records, the rate is 300 within 1 %;
the first second is left out, where a burst allowance would show. And in no single second, by the
queue's journal, is it exceeded: an average could hide a queue that admits all and then none.
Throttled sends must not be stored. Source: Amazon SQS Developer Guide, quotas-messages.html.
"""

from dataclasses import dataclass

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Outcome, Verdict, decide
from scenarios.model import CALLED_ACTIONS, SqsCallLoad

CLAIM = "fifo-300"
QUOTA_PER_S = 300.0
TOLERANCE = 0.01  # the claim's own: within 1 %
# In one second AWS publishes no burst allowance; ours is 12 calls, 4 % of the quota.
SECOND_TOLERANCE = 0.05
# How long a stall our bucket of 12 calls bridges; calls that come later in a bunch are throttled.
ALLOWANCE_S = 12 / QUOTA_PER_S
OVERLOAD_MIN = 1.1  # offered below this, a quota cannot be told from a coincidence
SKIPPED_S = 1.0

RATES = """
    select count(*) / $window_s,
           count(*) filter (outcome = 'admitted') / $window_s,
           count(*) filter (outcome = 'throttled'),
           count(*) filter (outcome = 'error') / $window_s,
           coalesce(quantile_cont(completed_s - intended_s, 0.99), 0)
    from calls where action = $action and at_s >= $from_s and at_s < $from_s + $window_s
"""
# One message a call, so journal rows are calls; the drain afterwards takes ten a call.
PEAK = """
    select max(n) from (
        select count(*) over (order by at_s range between $width preceding and current row) as n
        from queue where event = $event and at_s < $until_s)
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
    errors_per_s: float
    answered_p99_s: float  # after they were due

    @property
    def is_excessive(self) -> bool:
        return self.admitted_per_s > QUOTA_PER_S * (1 + TOLERANCE)

    @property
    def is_short(self) -> bool:
        """Too few admitted, though enough were offered; failed calls may have been meant to be."""
        return (
            self.offered_per_s >= OVERLOAD_MIN * QUOTA_PER_S
            and self.admitted_per_s + self.errors_per_s < QUOTA_PER_S * (1 - TOLERANCE)
        )

    @property
    def has_bunched(self) -> bool:
        """Calls came in bunches, of which a quota without a large allowance admits fewer."""
        return self.answered_p99_s > ALLOWANCE_S

    def offence(self) -> Offence | None:
        if not self.is_excessive and (not self.is_short or self.has_bunched):
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
        if self.errors_per_s:
            return f"{self.action}: {self.errors_per_s:.2f} calls/s failed, and not by a throttle"
        if self.is_short and self.has_bunched:
            return (
                f"{self.action}: {self.admitted_per_s:.1f} calls/s admitted, but they came in "
                f"bunches (p99 answered {self.answered_p99_s * 1000:.0f} ms after they were due)"
            )
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
    offences = [offence for rate in rates if (offence := rate.offence())]
    offences += _crowded_seconds(history)
    stored = history.rows(STORED_THOUGH_THROTTLED)
    lost = history.sets.lost if history.record.drained else 0
    if not history.has("queue"):
        doubts.append("the queue kept no journal, so single seconds cannot be told")
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


def _crowded_seconds(history: History) -> list[Offence]:
    """Actions of which more than the quota was done within one second of the load."""
    load = history.record.phase("load")
    if load is None or not history.has("queue"):
        return []
    found = []
    for action, event in (("SendMessage", "stored"), ("ReceiveMessage", "received")):
        peak = history.one(PEAK, event=event, width=1 - 1e-6, until_s=load.end_s)
        if peak is not None and peak > QUOTA_PER_S * (1 + SECOND_TOLERANCE):
            what = f"{peak} {event} within one second; claimed: {QUOTA_PER_S:.0f}"
            found.append(Offence(id=action, what=what))
    return found


def _rate(history: History, action: str, from_s: float, window_s: float) -> ActionRate:
    row = history.rows(RATES, action=action, from_s=from_s, window_s=window_s)[0]
    return ActionRate(action, *row)
