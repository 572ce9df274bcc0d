"""What happened to one email, from all ledgers: the card of a counter-example.

An email is found by its idempotency key, its email id or the queue's message id; whatever the
ledgers tie to it by any of the three is on the card. Steps that ledgers put at the same moment
stand in the order in which a pipeline takes them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compliance.ledgers import Ledgers
from compliance.verdict import ActiveFault, Card, Step
from scenarios.evidence import ExperimentRecord

STEPS_FIRST, STEPS_LAST = 40, 20  # of a longer story
ROWS_MAX = 500  # of one id in one ledger
IDS_MAX = 10  # of one kind on one card
FAULTS_MAX = 20
TEXT_MAX = 80  # characters of what a ledger quotes

Row = Mapping[str, Any]
_ORDER = ("sender", "queue", "faults", "worker", "sink")

MESSAGES = """
    select message_id, dedup_id from queue where message_id in (select unnest($ids))
    union select message_id, email_id from worker where message_id in (select unnest($ids))
"""
KEYS = """
    select email_id, key from sender where email_id in (select unnest($ids))
    union select email_id, key from sink where email_id in (select unnest($ids))
"""
EMAILS = """
    select key, email_id from sender where key in (select unnest($ids))
    union select key, email_id from sink where key in (select unnest($ids))
"""
# The columns of each ledger that a card tells, and by which of them an email is found.
ROWS = {
    "sender": (
        ("kind", "attempt", "group", "intended_s", "status", "code", "email_id"),
        "key",
        "",
    ),
    "queue": (("event", "queue", "group", "receive_count"), "dedup_id", "message_id"),
    "worker": (
        ("event", "receive_count", "provider", "reason", "definite"),
        "email_id",
        "message_id",
    ),
    "sink": (("provider",), "key", "email_id"),
}
FIRED = """
    select at_s, fault, kind, action, stored, unnest(dedup_ids) as email_id from faults
    where event = 'fired' and list_has_any(dedup_ids, $ids) order by at_s
"""
WINDOWS = """
    select fault, any_value(kind), any_value(action), min(at_s) filter (event = 'start'),
           max(at_s) filter (event = 'end')
    from faults group by fault
"""


@dataclass(frozen=True)
class _Names:
    """What one email is called."""

    keys: set[str]
    email_ids: set[str]
    message_ids: set[str]


def cards(
    ledgers: Ledgers, record: ExperimentRecord, ids: Sequence[str], replay: str
) -> dict[str, Card]:
    """A card for each of `ids` that the ledgers know."""
    if not ids:
        return {}
    names = _names(ledgers, ids)
    rows = _rows(ledgers, names.values())
    windows = ledgers.rows(WINDOWS)
    found = {}
    for asked, called in names.items():
        mine = [
            (ledger, row)
            for ledger in _ORDER
            for row in rows[ledger]
            if row["by"] in called.keys | called.email_ids
            or row["also_by"] in called.email_ids | called.message_ids
        ]
        if any(ledger != "faults" for ledger, _ in mine):
            found[asked] = _card(record, called, mine, windows, replay)
    return found


def _names(ledgers: Ledgers, ids: Sequence[str]) -> dict[str, _Names]:
    """Hop by hop: a message id to its email, an email to its keys, a key to its emails."""
    emails = _follow(ledgers, MESSAGES, {asked: {asked} for asked in ids})
    keys = _follow(ledgers, KEYS, emails)
    all_emails = _follow(ledgers, EMAILS, keys)
    return {asked: _Names(keys[asked], all_emails[asked] | emails[asked], {asked}) for asked in ids}


def _follow(ledgers: Ledgers, sql: str, known: dict[str, set[str]]) -> dict[str, set[str]]:
    """What each asked id is known by, and what the ledgers tie to that."""
    ties: dict[str, set[str]] = defaultdict(set)
    for from_id, to_id in ledgers.rows(sql, ids=sorted(set().union(*known.values()))):
        if to_id is not None and len(ties[from_id]) < IDS_MAX:
            ties[from_id].add(to_id)
    return {asked: ids.union(*(ties[each] for each in ids)) for asked, ids in known.items()}


def _rows(ledgers: Ledgers, names: Iterable[_Names]) -> dict[str, list[dict[str, Any]]]:
    all_names = list(names)
    ids = sorted(
        set().union(*(each.keys | each.email_ids | each.message_ids for each in all_names))
    )
    rows: dict[str, list[dict[str, Any]]] = {}
    for ledger, (columns, by, also_by) in ROWS.items():
        told = ", ".join(f'"{column}"' for column in columns)
        also = f"or {also_by} in (select unnest($ids))" if also_by else ""
        sql = f"""
            select at_s, {by}, {also_by or "null"}, {told} from {ledger}
            where {by} in (select unnest($ids)) {also}
            qualify row_number() over (partition by {by} order by at_s) <= {ROWS_MAX}
            order by at_s"""  # noqa: S608 - our own names
        heads = ("at_s", "by", "also_by", *columns)
        rows[ledger] = [dict(zip(heads, row, strict=True)) for row in ledgers.rows(sql, ids=ids)]
    heads = ("at_s", "fault", "kind", "action", "stored", "by")
    rows["faults"] = [
        dict(zip(heads, row, strict=True)) | {"also_by": None}
        for row in ledgers.rows(FIRED, ids=ids)
    ]
    return rows


def _card(
    record: ExperimentRecord,
    called: _Names,
    rows: list[tuple[str, dict[str, Any]]],
    windows: list[tuple[Any, ...]],
    replay: str,
) -> Card:
    # Stable: within a moment, the ledgers' order above.
    told = sorted(rows, key=lambda each: float(each[1]["at_s"]))
    invoked_s = min(
        (row["at_s"] for ledger, row in told if ledger == "sender" and row["kind"] == "invoke"),
        default=None,
    )
    steps = [
        Step(
            at_s=round(row["at_s"] - record.origin_s, 6),
            after_s=None if invoked_s is None else round(row["at_s"] - invoked_s, 6),
            ledger=ledger,
            what=_SAY[ledger](row),
        )
        for ledger, row in told
    ]
    left_out = max(0, len(steps) - STEPS_FIRST - STEPS_LAST)
    seen = {ledger: [row for name, row in told if name == ledger] for ledger in _ORDER}
    return Card(
        experiment=record.name,
        keys=_present(called.keys, (seen["sender"], "by"), (seen["sink"], "by")),
        email_ids=_present(
            called.email_ids,
            (seen["sender"], "email_id"),
            (seen["queue"], "by"),
            (seen["worker"], "by"),
            (seen["sink"], "also_by"),
        ),
        message_ids=_ids(row["also_by"] for row in seen["queue"] + seen["worker"]),
        group=next((row["group"] for row in seen["sender"] if row["group"]), None),
        seed=record.seed,
        steps=steps if not left_out else steps[:STEPS_FIRST] + steps[-STEPS_LAST:],
        steps_left_out=left_out,
        faults=_active(record, windows, seen["faults"], told[0][1]["at_s"], told[-1][1]["at_s"]),
        replay=replay,
    )


def _present(names: set[str], *places: tuple[list[dict[str, Any]], str]) -> list[str]:
    return _ids(row[column] for rows, column in places for row in rows if row[column] in names)


def _ids(found: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(each for each in found if each is not None))[:IDS_MAX]


def _active(
    record: ExperimentRecord,
    windows: list[tuple[Any, ...]],
    fired: list[dict[str, Any]],
    first_s: float,
    last_s: float,
) -> list[ActiveFault]:
    """Faults that were on between the email's first and last step, or that fired on it."""
    counts: dict[str, int] = defaultdict(int)
    for row in fired:
        counts[row["fault"]] += 1
    active = [
        ActiveFault(
            label=_text(label),
            kind=_text(kind),
            where=_text(where),
            start_s=None if start_s is None else round(start_s - record.origin_s, 3),
            end_s=None if end_s is None else round(end_s - record.origin_s, 3),
            named_it=counts[label],
        )
        for label, kind, where, start_s, end_s in windows
        if counts[label]
        or (start_s is not None and start_s <= last_s and (end_s is None or end_s >= first_s))
    ]
    return sorted(active, key=lambda fault: (-fault.named_it, fault.start_s or 0.0, fault.label))[
        :FAULTS_MAX
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)[:TEXT_MAX]


def _say_sender(row: Row) -> str:
    attempt = f"attempt {row['attempt']}"
    if row["kind"] == "invoke":
        due = row["intended_s"]
        late = "" if due is None else f", {(row['at_s'] - due) * 1000:.1f} ms after it was due"
        return f"invoke, {attempt}{late}"
    status = f"HTTP {row['status']}" if row["status"] is not None else "no answer"
    meaning = {"ok": "accepted", "fail": "certainly not done", "info": "outcome unknown"}
    code = f", {_text(row['code'])}" if row["code"] else ""
    return f"{row['kind']} ({meaning[row['kind']]}): {status}{code}, {attempt}"


def _say_queue(row: Row) -> str:
    message = f" as message {_text(row['also_by'])}" if row["also_by"] else ""
    group = f", group {_text(row['group'])}" if row["group"] else ""
    count = f", receive {row['receive_count']}" if row["event"] == "received" else ""
    return f"{row['event']} in {_text(row['queue'])}{message}{group}{count}"


def _say_worker(row: Row) -> str:
    provider = f" at {_text(row['provider'])}" if row["provider"] else ""
    reason = f": {_text(row['reason'])}" if row["reason"] else ""
    count = f", receive {row['receive_count']}" if row["event"] == "received" else ""
    unknown = " (outcome unknown)" if row["definite"] is False else ""
    return f"{row['event']}{provider}{reason}{unknown}{count}"


def _say_sink(row: Row) -> str:
    return "delivered" + (f" by {_text(row['provider'])}" if row["provider"] else "")


def _say_fault(row: Row) -> str:
    where = f" on {_text(row['action'])}" if row["action"] else ""
    stored = {True: ", which was done all the same", False: ", which was not done", None: ""}
    return f"{_text(row['fault'])} ({_text(row['kind'])}) fired{where}{stored[row['stored']]}"


_SAY = {
    "sender": _say_sender,
    "queue": _say_queue,
    "worker": _say_worker,
    "sink": _say_sink,
    "faults": _say_fault,
}
