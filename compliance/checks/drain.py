"""drain: an API or a worker that is told to stop finishes what it has in hand, or gives it back.

Judged at every restart. Each receive of a message that a worker had made by then must come to an
end in its journal (deleted, given back, postponed). What does not stays hidden until its visibility
time-out, and holds up its group; if the provider was just taking it, it will be sent twice. Each
request that an API had in hand must get an answer, whatever it is. Whose request is cut off cannot
know, and has to send it again.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide
from scenarios.model import EmailLoad

CLAIM = "drain"

# A request that came just before the stop may not have been accepted yet, or have met a connection
# that was about to be closed: HTTP 1.1 leaves the sender no way to tell (RFC 9112 9.3.1). The
# reference accepts within milliseconds; a busy machine may take a hundred.
ACCEPTED_S = 0.25
# A sender that gave up by itself was not cut off; but it got no answer either, so it shows nothing.
GAVE_UP_S = 0.05
GAVE_UP_SHARE_MAX = 0.1  # of what was in hand; beyond it too little is known

# Receives before each restart of the worker that had not come to an end when it was told to stop,
# with the time of that end, which may be missing.
MESSAGES = """
    with stops as (
        select at_s as stop_s from faults
        where event = 'start' and kind = 'restart' and action = 'worker'
    ),
    -- Who gives a message back may write so down when another thread has received it again: only
    -- the receive count tells which of the two came to an end.
    spans as (
        select r.email_id, r.at_s as received_s, min(e.at_s) as ended_s
        from (select * from worker where event = 'received') r
        left join (
            select message_id, receive_count, at_s from worker
            where event in ('deleted', 'released', 'postponed')
               or (event = 'failed' and reason like 'delete:%')
        ) e on e.message_id = r.message_id
           and e.receive_count is not distinct from r.receive_count and e.at_s >= r.at_s
        group by r.message_id, r.receive_count, r.email_id, r.at_s
    )
    select email_id, stop_s, ended_s is null as is_left from spans join stops
        on received_s <= stop_s and (ended_s is null or ended_s > stop_s)
    -- What an earlier worker left is that one's offence.
    where not exists (select 1 from stops other
        where other.stop_s < stops.stop_s and received_s <= other.stop_s)
    order by stop_s, email_id
"""
# Requests that the API had not answered when it was told to stop, and whether it never did.
REQUESTS = """
    with stops as (
        select at_s as stop_s from faults
        where event = 'start' and kind = 'restart' and action = 'api'
    ),
    spans as (
        select i.key, i.at_s as sent_s, min(e.at_s) as ended_s, any_value(e.status) as status
        from (select * from sender where kind = 'invoke') i
        join (select * from sender where kind <> 'invoke') e
            on e.key = i.key and e.attempt = i.attempt
        group by i.key, i.attempt, i.at_s
    )
    select key, stop_s, status is not null as is_answered, ended_s - sent_s >= $timeout_s as gave_up
    from spans join stops on sent_s <= stop_s - $accepted_s and ended_s > stop_s
    order by stop_s, key
"""


def check(history: History) -> Verdict:
    load = history.scenario.load
    stops = {
        component: history.one(
            "select count(*) from faults "
            "where event = 'start' and kind = 'restart' and action = $component",
            component=component,
        )
        for component in ("worker", "api")
    }
    messages = history.rows(MESSAGES)
    requests = []
    if isinstance(load, EmailLoad):
        timeout_s = load.timeout_s - GAVE_UP_S
        requests = history.rows(REQUESTS, timeout_s=timeout_s, accepted_s=ACCEPTED_S)
    left = [(email_id, stop_s) for email_id, stop_s, is_left in messages if is_left]
    cut = [
        (key, stop_s) for key, stop_s, answered, gave_up in requests if not (answered or gave_up)
    ]
    gave_up = sum(not answered and gave_up for _, _, answered, gave_up in requests)
    offences = [
        *_offences(history, left, "worker was told to stop, neither finished nor given back"),
        *_offences(history, cut, "API was told to stop, and never answered"),
    ]
    reasons = _reasons(history, stops, len(messages), len(requests), gave_up)
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(len(left) + len(cut), reasons),
        summary=(
            f"{sum(stops.values())} restarts; {len(messages):,} messages in hand, {len(left):,} "
            f"neither finished nor given back; {len(requests):,} requests, {len(cut):,} cut off, "
            f"{gave_up:,} given up by their senders"
        ),
        figures={
            "restarts": sum(stops.values()),
            "in_hand": len(messages),
            "left": len(left),
            "requests": len(requests),
            "cut_off": len(cut),
            "given_up": gave_up,
        },
        offences=offences[:OFFENCES_KEPT],
        offence_count=len(left) + len(cut),
        reasons=reasons,
    )


def _reasons(
    history: History,
    stops: dict[str, int],
    messages: int,
    requests: int,
    gave_up: int,
) -> list[str]:
    """Why nobody can tell whether what was told to stop drained."""
    if not any(stops.values()):
        return ["neither API nor worker was told to stop"]
    reasons = []
    if stops["worker"] and not history.has("worker"):
        reasons.append("the worker kept no journal, so nobody knows what it had in hand")
    elif stops["worker"] and not messages:
        reasons.append("the worker had nothing in hand when it was told to stop")
    if stops["api"] and not requests:
        reasons.append("the API had nothing in hand when it was told to stop")
    if gave_up > GAVE_UP_SHARE_MAX * requests:
        reasons.append(
            f"{gave_up:,} of {requests:,} requests that the API had in hand when it was told to "
            "stop were given up by their senders before any answer"
        )
    return reasons


def _offences(history: History, found: list[tuple[str, float]], what: str) -> list[Offence]:
    return [
        Offence(id=each, what=f"in hand when the {what}", at_s=history.since_origin(stop_s))
        for each, stop_s in found[:OFFENCES_KEPT]
    ]
