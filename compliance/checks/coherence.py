"""Whether the evidence is whole and of one experiment: more reasons why it proves nothing.

A pipeline that refuses nearly everything, or ledgers of two runs laid side by side, could pass
every check on claims; neither has tried them.
"""

from compliance.history import History
from scenarios.model import EmailLoad
from scenarios.storm import planned_faults

PARKED_SHARE_MAX = 0.01  # without a planned fault, hardly anything belongs in the DLQ
OUTSIDE_TOLERANCE_S = 2.0  # clocks are one; a component may still write while it is stopped

# A planned key, whose number is not negative, begins as it should.
FOREIGN = """
    select count(*) from emails join key_names using (kid)
    where rows > 0 and not starts_with(key, $prefix)
"""
# An email with one attempt and at most one answer is told by its counts; the others are looked up.
UNFINISHED = """
    with told as (
        select kid, attempts, rows, last_attempt <= 1 and attempts <= 1 and rows - attempts <= 1
               as is_plain
        from emails where rows > 0),
    theirs as (
        select key, attempt, kind from sender
        where key in (select key from told join keys using (kid) where not is_plain))
    select (select count(*) from told where is_plain and attempts > rows - attempts) + (
        select count(*) from theirs i where kind = 'invoke' and not exists (
            select 1 from theirs c where c.key = i.key and c.attempt = i.attempt
            and c.kind <> 'invoke'))
"""
# Deliveries and writes before the load began or after everything had stopped.
OUTSIDE = """
    select count(*) from (select at_s from sink union all select at_s from sender
        union all select at_s from queue)
    where at_s < $from_s or at_s > $until_s
"""


def doubts(history: History) -> list[str]:
    """Why this evidence cannot verify anything; empty when it hangs together."""
    record = history.record
    found = list(record.problems)
    if record.interrupted:
        found.append(f"the experiment did not run to its end: {record.interrupted}")
    if record.phases:
        outside = history.one(
            OUTSIDE,
            from_s=record.phases[0].start_s - OUTSIDE_TOLERANCE_S,
            until_s=record.phases[-1].end_s + OUTSIDE_TOLERANCE_S,
        )
        if outside:
            found.append(f"{outside:,} events lie outside the experiment's time")
    if foreign := history.one(FOREIGN, prefix=record.key_prefix):
        found.append(f"{foreign:,} emails bear keys of another experiment")
    if unfinished := history.one(UNFINISHED):
        found.append(f"{unfinished:,} attempts never came to an end")
    if isinstance(history.scenario.load, EmailLoad):
        found += _unhealthy(history)
    return found


def _unhealthy(history: History) -> list[str]:
    sets, expect = history.sets, history.scenario.expect
    found = []
    if sets.attempted and sets.acknowledged / sets.attempted < expect.acknowledged_share_min:
        found.append(
            f"{sets.acknowledged:,} of {sets.attempted:,} emails were accepted in the end, under "
            f"{expect.acknowledged_share_min:.0%}"
        )
    is_calm = not planned_faults(history.scenario, history.record.seed)
    if is_calm and sets.parked > PARKED_SHARE_MAX * sets.acknowledged:
        found.append(f"{sets.parked:,} emails were parked, though nothing was broken")
    if history.has("sink") and history.one("select bool_or(recipients_sha256 is null) from sink"):
        found.append("deliveries were recorded without recipients, so none can be called right")
    return found
