"""provider-spared: a provider that is down is asked now and then, not for every email.

Judged at every planned fault in which a provider takes nothing for a while. The provider's own
journal says how many calls reached it meanwhile: some until its failing is noticed, then a trial
now and then. A pipeline without a breaker calls once for every email: each waits for a failure
that was certain, and a provider that comes back finds the whole traffic at its door.
"""

from typing import NamedTuple

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide
from scenarios.faults import FailingProvider
from scenarios.storm import planned_faults

CLAIM = "provider-spared"

DOWN = frozenset({"throttle", "unavailable", "outage"})  # nothing gets through, which may pass
# What a careful sender needs: calls under way when it begins to fail, some more in a row to be
# sure, and after that a trial a second at most.
CALLS_FIRST = 25
TRIALS_PER_S = 1.0
# Without a breaker there would be so many times the calls allowed: else it could not be told.
DEMAND_MIN = 2.0

CALLS = """
    select action, count(*) from faults
    where fault = $label and event = 'fired' group by action order by action
"""
WINDOW = """
    select min(at_s) filter (event = 'start'), max(at_s) filter (event = 'end')
    from faults where fault = $label
"""
# Emails that the queue had to give away meanwhile: each would have been a call.
ACCEPTED = "select count(*) from sender where kind = 'ok' and at_s between $from_s and $until_s"


class _Down(NamedTuple):
    """A provider in one such time."""

    label: str
    provider: str
    calls: int
    from_s: float
    until_s: float
    emails: int  # accepted meanwhile

    @property
    def allowed(self) -> float:
        return CALLS_FIRST + TRIALS_PER_S * (self.until_s - self.from_s)


def check(history: History) -> Verdict:
    downs = _downs(history)
    beset = [down for down in downs if down.calls > down.allowed]
    reasons = []
    if not downs:
        reasons.append("no provider was down for a while, as the provider's journal tells it")
    reasons += [
        f"{down.emails:,} emails while {down.provider} was down are too few to tell: a call for "
        f"each would hardly be more than the {down.allowed:.0f} allowed"
        for down in downs
        if down.emails < DEMAND_MIN * down.allowed
    ]
    calls, emails = sum(down.calls for down in downs), sum(down.emails for down in downs)
    lasted_s = sum(down.until_s - down.from_s for down in downs)
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(len(beset), reasons),
        summary=(
            f"{calls:,} calls to providers that were down for {lasted_s:.1f} s in all, while "
            f"{emails:,} emails were accepted"
        ),
        figures={"calls": calls, "emails": emails, "down_s": round(lasted_s, 3)},
        offences=[
            Offence(
                id=down.label,
                what=(
                    f"{down.calls:,} calls to {down.provider} while it was down, where "
                    f"{down.allowed:.0f} are enough to notice and to try again"
                ),
                at_s=history.since_origin(down.from_s),
            )
            for down in beset[:OFFENCES_KEPT]
        ],
        offence_count=len(beset),
        reasons=reasons,
    )


def _downs(history: History) -> list[_Down]:
    found = []
    for fault in planned_faults(history.scenario, history.record.seed):
        if not isinstance(fault, FailingProvider) or fault.kind not in DOWN:
            continue
        if fault.probability < 1 or fault.nth_call or fault.period_s:
            continue
        from_s, until_s = history.rows(WINDOW, label=fault.label)[0]
        if from_s is None or until_s is None:
            continue
        emails = history.one(ACCEPTED, from_s=from_s, until_s=until_s)
        found += [
            _Down(fault.label, provider, calls, from_s, until_s, emails)
            for provider, calls in history.rows(CALLS, label=fault.label)
        ]
    return found
