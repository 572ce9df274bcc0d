"""Whether the load was really offered: reasons why an experiment proves nothing.

Not a claim but a condition of every verdict. The generator must have sent what the seed says, when
it says, and not have been the bottleneck itself; the faults that were planned must have fired.
"""

from compliance.checks import fault_firing
from compliance.history import History
from scenarios.evidence import Phase
from scenarios.model import CALLED_ACTIONS, EmailLoad, SqsCallLoad

CPU_SHARE_MAX = 0.95  # of one core; a generator that needs all of it may be what limits the rate
PLACE_TOLERANCE_S = 0.001  # intended times are computed, not measured: only rounding differs

# Planned emails are numbered from 0; whatever else was sent bears a negative number.
STRAYS = "select count(*) from emails where rows > 0 and (kid < 0 or kid >= $planned)"
# First attempts that were not meant to be made then, or in that group.
DISPLACED = """
    select count(*) from sender s join planned_numbers p on p.number = number_of(s.key)
    join group_names g on g.gid = p."group"
    where s.kind = 'invoke' and s.attempt = 1 and (
        s."group" is distinct from g."group" or s.intended_s is null
        or abs(s.intended_s - $start_s - p.intended_s) > $tolerance_s)
"""
# Of the processes that share a load, the one that has most to do.
BUSIEST = """
    select max(share) from (
        select median(value) as share from metrics
        where name = 'cpu_share' and (source = 'generator' or starts_with(source, 'generator-'))
        group by source)
"""
DISPLACED_CALLS = """
    select count(*) from calls where abs(
        (intended_s - $start_s) * $rate - round((intended_s - $start_s) * $rate)) > $tolerance
"""


def doubts(history: History) -> list[str]:
    """Why this experiment cannot verify anything; empty for an honest one."""
    load, phase = history.scenario.load, history.record.phase("load")
    if not isinstance(load, EmailLoad | SqsCallLoad):
        return []
    if phase is None:
        return ["the load never began"]
    if isinstance(load, EmailLoad):
        found = _dishonest_emails(history, phase)
        late = "select abs(at_s - intended_s) as late_s from sender where kind = 'invoke'"
    else:
        found = _dishonest_calls(history, load, phase)
        late = "select abs(at_s - intended_s) as late_s from calls"
    found += _lateness(history, late) + _bottleneck(history) + _clocks(history)
    return found + fault_firing.doubts(history, phase)


def _dishonest_emails(history: History, phase: Phase) -> list[str]:
    planned = history.count("planned_numbers")
    strays = history.one(STRAYS, planned=planned)
    displaced = history.one(DISPLACED, start_s=phase.start_s, tolerance_s=PLACE_TOLERANCE_S)
    found = _missed(history, planned, history.sets.attempted - strays)
    if strays:
        found.append(f"{strays:,} emails were sent that the seed does not plan")
    if displaced:
        found.append(f"{displaced:,} emails were meant for another time or group than planned")
    return found


def _dishonest_calls(history: History, load: SqsCallLoad, phase: Phase) -> list[str]:
    planned = int(load.rate_per_s * load.duration_s)
    found = []
    for action in CALLED_ACTIONS:
        sent = history.one("select count(*) from calls where action = $action", action=action)
        found += [f"{action}: {doubt}" for doubt in _missed(history, planned, sent)]
    displaced = history.one(
        DISPLACED_CALLS,
        start_s=phase.start_s,
        rate=load.rate_per_s,
        tolerance=PLACE_TOLERANCE_S * load.rate_per_s,
    )
    if displaced:
        found.append(f"{displaced:,} calls were meant for another time than planned")
    return found


def _missed(history: History, planned: int, sent: int) -> list[str]:
    share_min = history.scenario.expect.achieved_share_min
    if planned and sent / planned < share_min:
        return [f"the generator sent {sent:,} of {planned:,} planned, under {share_min:.0%}"]
    return []


def _lateness(history: History, late: str) -> list[str]:
    p99_s = history.one(f"select quantile_cont(late_s, 0.99) from ({late})")  # noqa: S608
    limit_ms = history.scenario.expect.late_p99_ms_max
    if p99_s is not None and p99_s * 1000 > limit_ms:
        return [
            f"the generator was off: p99 {p99_s * 1000:.0f} ms from the intended time, "
            f"over {limit_ms:g} ms"
        ]
    return []


def _clocks(history: History) -> list[str]:
    """Times of another host are known only as well as its clock is."""
    limit_s = history.scenario.expect.late_p99_ms_max / 1000
    found = []
    for part in history.record.generators:
        clock = f"the clock of worker {part.index} ({part.host})"
        known_s = part.uncertainty_s + abs(part.drift_s or 0.0)
        if known_s > limit_s:
            found.append(
                f"{clock} is known to {known_s * 1000:.0f} ms, not to {limit_s * 1000:g} ms"
            )
        if part.drift_s is None:
            found.append(f"{clock} may have drifted: it was lost before that could be measured")
    return found


def _bottleneck(history: History) -> list[str]:
    share = history.one(BUSIEST)
    if share is None:
        return ["nobody measured whether the generator was the bottleneck"]
    if share > CPU_SHARE_MAX:
        return [f"the generator was the bottleneck: {share:.0%} of a core in the median"]
    return []
