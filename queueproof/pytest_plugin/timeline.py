"""One email's life as a failure message shows it: what was answered, stored, delivered, and when.

Pure. Shows ids and events alone: the rows hold no address and no text to begin with.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from queueproof.pytest_plugin.identities import Row

LINES_MAX = 12


def timeline(
    key: str, email_id: str, ledgers: Mapping[str, Iterable[Row]], origin_s: float
) -> list[str]:
    """The email's events in order of time, with the faults that fired meanwhile.

    `ledgers` are sender, queue, sink and faults, under the ids that evidence uses.
    """
    delivered = [(row["at_s"], "delivered") for row in ledgers["sink"] if row["key"] == key]
    mine = [
        *((row["at_s"], _attempt(row)) for row in ledgers["sender"] if row["key"] == key),
        *(
            (row["at_s"], f"{row['event']} in {row['queue']}")
            for row in ledgers["queue"]
            if row["dedup_id"] == email_id
        ),
        *delivered,
    ]
    if not mine:
        return []
    # What never arrived may have met a fault after the last that was seen of it.
    first_s, last_s = min(mine)[0], max(mine)[0] if delivered else math.inf
    fired = [
        (row["at_s"], f"fault {row['fault']} fired at {row['action']}{_effect(row)}")
        for row in ledgers["faults"]
        if row["event"] == "fired" and first_s <= row["at_s"] <= last_s
    ]
    events = sorted([*mine, *fired], key=lambda event: event[0])
    shown = [f"{at_s - origin_s:9.3f} s  {what}" for at_s, what in events[:LINES_MAX]]
    left_out = len(events) - len(shown)
    return [*shown, f"            ... and {left_out:,} more"] if left_out else shown


def _attempt(row: Row) -> str:
    if row["kind"] == "invoke":
        return f"attempt {row['attempt']}"
    why = _first_of(row, "code", "status")
    return f"attempt {row['attempt']} ended: {row['kind']}{f' ({why})' if why else ''}"


def _effect(row: Row) -> str:
    stored = row.get("stored")
    return "" if stored is None else ", stored all the same" if stored else ", nothing stored"


def _first_of(row: Row, *columns: str) -> Any:
    return next((row[column] for column in columns if row.get(column) is not None), None)
