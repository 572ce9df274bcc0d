"""Whether the planned faults broke anything: more reasons why an experiment proves nothing.

Each must have fired, and have been on as long as planned. Of those that a storm draws a share is
enough, since what one of them stops the next can not break. One that fires at random must not have
fired so seldom that chance cannot explain it, where the ledgers tell how many calls it surely met.
They tell it from below: a call to SQS carries ten messages at most, and a call on which another
fault fired may not have met this one.
"""

import math

from compliance.history import History
from scenarios.evidence import Phase
from scenarios.faults import Fault, ProviderFault, SqsFault
from scenarios.storm import drawn_faults, planned_faults

WINDOW_TOLERANCE_S = 1.5  # a fault is injected over HTTP once the load has begun
EDGE_S = 0.5  # of a window: whether a call near its edge met the fault cannot be told
CHANCE_MIN = 1e-6  # what is less likely than this is no chance
MESSAGES_A_CALL_MAX = 10
# Of the calls counted: the others may have been decided on before the fault was on, and been slow.
SURE_SHARE = 0.9

# The calls of which each message leaves one row in the queue's journal, and what that row says.
FAMILIES = (
    (frozenset({"SendMessage", "SendMessageBatch"}), ("stored", "absorbed")),
    (frozenset({"ReceiveMessage"}), ("received",)),
    (frozenset({"DeleteMessage", "DeleteMessageBatch"}), ("deleted",)),
)
# Kinds that can only meet some calls. Of entries that are alone in their batch, a half batch breaks
# some: it cannot be counted.
POSSIBLE = {
    "early-expiry": FAMILIES[1][0],
    "empty-receive": FAMILIES[1][0],
    "wrong-md5": FAMILIES[0][0] | FAMILIES[1][0],
    "half-batch": frozenset[str](),
}
# Kinds whose calls leave no rows in the queue's journal. The calls of the others leave up to ten.
UNTOLD = frozenset({"refuse", "empty-receive"})

WINDOW = """
    select min(at_s) filter (event = 'start'), max(at_s) filter (event = 'end'),
           count(*) filter (event = 'fired')
    from faults where fault = $label
"""
MESSAGES = """
    select count(*) from queue
    where event in (select unnest($events)) and at_s between $from_s and $until_s
"""
DIRECT_CALLS = """
    select count(*) from calls where action in (select unnest($actions))
    and outcome <> 'throttled' and at_s between $from_s and $until_s
"""
# How often this fault fired in the window, and on how many messages others did.
FIRED = """
    select count(*) filter (fault = $label),
           coalesce(sum(greatest(1, len(dedup_ids))) filter (fault <> $label), 0)
    from faults where event = 'fired' and at_s between $from_s and $until_s
"""
# Emails that reached a provider while the fault was on: delivered, or refused by it.
REACHED = """
    select (select count(*) from sink where at_s between $from_s and $until_s
                and ($provider is null or provider = $provider)
                and ($period_s is null or (at_s - $start_s) % $period_s
                    between $edge_s and $period_s / 2 - $edge_s))
         + (select count(*) filter (stored is not true and fault = $label)
                - count(*) filter (stored and fault <> $label)
            from faults where event = 'fired' and at_s between $from_s and $until_s)
"""


def doubts(history: History, load: Phase) -> list[str]:
    """What is wrong with the faults; empty when all fired as planned."""
    found = []
    silent = set()
    for fault in planned_faults(history.scenario, history.record.seed):
        start_s, end_s, fired = history.rows(WINDOW, label=fault.label)[0]
        is_triggered = getattr(fault, "after", None) is not None  # the load may end before it does
        planned_s = 0.0 if is_triggered else fault.planned_s(load.end_s - load.start_s)
        if not fired:
            silent.add(fault.label)
        elif start_s is None or end_s is None:
            found.append(f"nobody saw when the planned fault {fault.label} began and ended")
        elif end_s - start_s < planned_s - WINDOW_TOLERANCE_S:
            lasted = f"{end_s - start_s:.1f} s of {planned_s:.1f} s"
            found.append(f"the planned fault {fault.label} lasted {lasted}")
        elif seldom := _seldom(history, fault, start_s, end_s):
            found.append(seldom)
    return _silent(history, silent) + found


def _silent(history: History, labels: set[str]) -> list[str]:
    """What is wrong with it that faults never fired."""
    scenario = history.scenario
    drawn = [fault.label for fault in drawn_faults(scenario, history.record.seed)]
    found = [f"the planned fault {label} never fired" for label in sorted(labels.difference(drawn))]
    fired = len(drawn) - len(labels.intersection(drawn))
    if scenario.storm and fired < (wanted := scenario.storm.fired_share_min * len(drawn)):
        found.append(
            f"only {fired} of the {len(drawn)} faults drawn fired, not {math.ceil(wanted)}; "
            f"never: {', '.join(label for label in drawn if label in labels)}"
        )
    return found


def _seldom(history: History, fault: Fault, start_s: float, end_s: float) -> str | None:
    """Why a fault that fires at random fired too seldom; None when that may be chance."""
    if fault.at not in {"sqs", "provider"} or getattr(fault, "nth_call", None) is not None:
        return None
    window = {"from_s": start_s + EDGE_S, "until_s": end_s - EDGE_S, "label": fault.label}
    fired, _ = history.rows(FIRED, **window)[0]
    if fault.at == "provider":
        met = _reached(history, fault, start_s, window)
    else:
        met = _called(history, fault, window)
    chance = at_most(fired, met, SURE_SHARE * fault.probability)
    if chance >= CHANCE_MIN:
        return None
    return (
        f"the planned fault {fault.label} fired {fired:,} times in at least {met:,} calls, though "
        f"its probability is {fault.probability:g}"
    )


def _called(history: History, fault: SqsFault, window: dict[str, object]) -> int:
    """How many calls a fault at SQS surely met in its window."""
    could_meet = POSSIBLE.get(fault.kind)
    named = frozenset(fault.actions)
    families = [
        (actions, events)
        for actions, events in FAMILIES
        if (not named or actions <= named) and (could_meet is None or actions <= could_meet)
    ]
    if not families:
        return 0
    own, others = map(int, history.rows(FIRED, **window)[0])
    times = {name: window[name] for name in ("from_s", "until_s")}
    actions = sorted(set().union(*(names for names, _ in families)))
    events = [event for _, told in families for event in told]
    messages = int(history.one(MESSAGES, events=events, **times))
    direct = int(history.one(DIRECT_CALLS, actions=actions, **times))
    a_call_max = _messages_a_call_max(history, {name for names, _ in families for name in names})
    told_of_own = 0 if fault.kind in UNTOLD else own * a_call_max
    of_others = max(0, messages - told_of_own - others)
    return max(direct - others, own + math.ceil(of_others / a_call_max))


def _messages_a_call_max(history: History, actions: set[str]) -> int:
    """Ten, but for the sends of our API, which makes calls as large as its configuration says."""
    built = history.configuration
    is_ours = "api" not in history.record.modules
    if is_ours and built is not None and actions <= FAMILIES[0][0]:
        return built.intake.batch_max
    return MESSAGES_A_CALL_MAX


def _reached(
    history: History, fault: ProviderFault, start_s: float, window: dict[str, object]
) -> int:
    """How many emails met a fault at a provider in its window, each by a call of its own."""
    reached = history.one(
        REACHED,
        provider=fault.provider,
        period_s=fault.period_s,
        start_s=start_s,
        edge_s=EDGE_S,
        **window,
    )
    return max(0, int(reached))


def at_most(successes: int, trials: int, probability: float) -> float:
    """The chance of at most so many successes in independent trials (binomial)."""
    if successes >= trials * probability:
        return 1.0  # at least about a half; who asks wants to know of rare things
    log_p, log_q = math.log(probability), math.log1p(-probability)
    total = 0.0
    for n in range(successes, -1, -1):
        ways = math.lgamma(trials + 1) - math.lgamma(n + 1) - math.lgamma(trials - n + 1)
        term = math.exp(ways + n * log_p + (trials - n) * log_q)
        total += term
        if term < total * 1e-12:
            break
    return total
