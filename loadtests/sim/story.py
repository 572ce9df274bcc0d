"""One email's story as lines to read: what happened to it, and what was broken meanwhile."""

from collections.abc import Iterator

from loadtests.sim.ledgers import Row
from loadtests.sim.trial import Trial

LINES_MAX = 24
WHAT = {
    "lost": "202, never delivered, not in the DLQ",
    "duplicated": "delivered more than once",
    "unexpected": "delivered, though nobody sent it",
    "misdelivered": "delivered to somebody else",
    "swallowed": "202, but absorbed as a repeat of a different email",
    "reordered": "left after a later email of its group",
    "false_ack": "an answer that the queue's journal does not bear out",
}


def told(trial: Trial) -> list[str]:
    """The offence of a failing trial: a line what it is, then the email's events in order."""
    assert trial.offending is not None
    kind, key = trial.offending
    plan, origin_s = trial.story.plan, trial.story.phases[0].start_s
    emails, faults = len(plan.arrivals), len(plan.faults)
    lines = [f"{kind}: {key} {WHAT[kind]}; {emails} emails and {faults} faults are enough"]
    events = sorted(_events(trial, kind, key), key=lambda event: event[0])
    if len(events) > LINES_MAX:
        kept = LINES_MAX // 2
        left_out = (events[kept][0], f"... {len(events) - 2 * kept} more ...")
        events = [*events[:kept], left_out, *events[-kept:]]
    return lines + [f"  {at_s - origin_s:8.3f} s  {what}" for at_s, what in events]


def _events(trial: Trial, kind: str, key: str) -> Iterator[tuple[float, str]]:
    rows = trial.story.rows
    group = next((a.group for a in trial.story.plan.arrivals if a.key == key), None)
    ids = {row["email_id"] for row in rows["sink"] if row["key"] == key}
    ids |= {row["email_id"] for row in rows["sender"] if row["key"] == key and row.get("email_id")}
    for row in rows["sender"]:
        if row["key"] == key:
            yield row["at_s"], _sender_line(row)
        elif row.get("email_id") in ids:
            yield row["at_s"], f"sender   {row['key']}: told the same id, {row['email_id']}"
    for row in rows["queue"]:
        if row["dedup_id"] in ids:
            count = f" (receive {row['receive_count']})" if row["event"] == "received" else ""
            yield row["at_s"], f"sqs      {row['event']}{count}"
    for row in rows["worker"]:
        if row["email_id"] in ids:
            detail = " ".join(filter(None, (row.get("provider"), row.get("reason"))))
            yield row["at_s"], f"worker   {row['event']} {detail}".rstrip()
    for row in rows["sink"]:
        if row["key"] == key:
            yield row["at_s"], f"provider accepted it ({row['provider']})"
        elif kind == "reordered" and group is not None and _group_of(trial, row["key"]) == group:
            yield row["at_s"], f"provider accepted {row['key']} of the same group"
    yield from _faults(rows["faults"], ids)


def _sender_line(row: Row) -> str:
    attempt = f"attempt {row['attempt']}"
    if row["kind"] == "invoke":
        return f"sender   {attempt}: POST"
    return f"sender   {attempt}: {row['kind']} ({row['status'] or row['code']})"


def _faults(rows: list[Row], ids: set[str]) -> Iterator[tuple[float, str]]:
    for row in rows:
        label, place = row["fault"], row.get("action") or ""
        if row["event"] in {"start", "end"}:
            verb = "begins" if row["event"] == "start" else "ends"
            yield row["at_s"], f"FAULT    {label} {verb} {place}".rstrip()
        elif ids.intersection(row.get("dedup_ids") or ()):
            yield row["at_s"], f"FAULT    {label} met it: {place}"


def _group_of(trial: Trial, key: str) -> str | None:
    return next((a.group for a in trial.story.plan.arrivals if a.key == key), None)
