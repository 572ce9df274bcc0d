"""drain: a worker that is told to stop finishes what it has in hand, or gives it back.

Judged at every restart of the worker: each receive of a message that it had made by then must have
come to an end in its journal (deleted, given back, postponed). What did not stays hidden until its
visibility time-out, and holds up its group; if the provider was just taking it, it will be sent
twice.
"""

from compliance.history import History
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide

CLAIM = "drain"

# Receives before each restart of the worker that had not come to an end when it was told to stop,
# with the time of that end, which may be missing.
IN_HAND = """
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
    select email_id, stop_s, ended_s from spans join stops
        on received_s <= stop_s and (ended_s is null or ended_s > stop_s)
    -- What an earlier worker left is that one's offence.
    where not exists (select 1 from stops other
        where other.stop_s < stops.stop_s and received_s <= other.stop_s)
    order by stop_s, email_id
"""


def check(history: History) -> Verdict:
    stops = history.one(
        "select count(*) from faults "
        "where event = 'start' and kind = 'restart' and action = 'worker'"
    )
    in_hand = history.rows(IN_HAND)
    left = [(email_id, stop_s) for email_id, stop_s, ended_s in in_hand if ended_s is None]
    reasons = []
    if not history.has("worker"):
        reasons.append("the worker kept no journal, so nobody knows what it had in hand")
    if not stops:
        reasons.append("the worker was never told to stop")
    elif not in_hand:
        reasons.append("the worker had nothing in hand when it was told to stop")
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(len(left), reasons),
        summary=(
            f"{stops} restarts with {len(in_hand):,} messages in hand, "
            f"{len(left):,} neither finished nor given back"
        ),
        figures={"restarts": stops, "in_hand": len(in_hand), "left": len(left)},
        offences=[
            Offence(
                id=email_id,
                what="in hand when the worker was told to stop, neither finished nor given back",
                at_s=history.since_origin(stop_s),
            )
            for email_id, stop_s in left[:OFFENCES_KEPT]
        ],
        offence_count=len(left),
        reasons=reasons,
    )
