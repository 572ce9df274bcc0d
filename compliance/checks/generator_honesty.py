"""Whether the load was really offered: reasons why an experiment proves nothing.

Not a claim but a condition of every verdict. The generator must have sent what the seed says, when
it says, and not have been the bottleneck itself; the faults that were planned must have fired.
"""

from compliance.history import History
from scenarios.arrivals import email_arrivals
from scenarios.model import CALLED_ACTIONS, EmailLoad, SqsCallLoad

CPU_SHARE_MAX = 0.95  # of one core; a generator that needs all of it may be what limits the rate


def doubts(history: History) -> list[str]:
    """Why this experiment cannot verify anything; empty for an honest one."""
    record, load = history.record, history.scenario.load
    found = []
    if record.interrupted:
        found.append(f"the experiment did not run to its end: {record.interrupted}")
    found += record.problems
    if isinstance(load, EmailLoad):
        planned = sum(1 for _ in email_arrivals(load, record.seed, ""))
        sent = history.one("select count(*) from attempted")
        late = "select invoked_s - intended_s as late_s from attempts"
        found += _missed(history, planned, sent)
    elif isinstance(load, SqsCallLoad):
        planned = int(load.rate_per_s * load.duration_s)
        for action in CALLED_ACTIONS:
            sent = history.one("select count(*) from calls where action = $action", action=action)
            found += [f"{action}: {doubt}" for doubt in _missed(history, planned, sent)]
        late = "select at_s - intended_s as late_s from calls"
    else:
        return found
    found += _lateness(history, late) + _bottleneck(history) + _silent_faults(history)
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
            f"the generator was late: p99 {p99_s * 1000:.0f} ms after the intended time, "
            f"over {limit_ms:g} ms"
        ]
    return []


def _bottleneck(history: History) -> list[str]:
    share = history.one(
        "select median(value) from metrics where source = 'generator' and name = 'cpu_share'"
    )
    if share is not None and share > CPU_SHARE_MAX:
        return [f"the generator was the bottleneck: {share:.0%} of a core in the median"]
    return []


def _silent_faults(history: History) -> list[str]:
    fired = {
        label
        for (label,) in history.rows("select distinct fault from faults where event = 'fired'")
    }
    return [
        f"the planned fault {fault.label} never fired"
        for fault in history.scenario.faults
        if fault.label not in fired
    ]
