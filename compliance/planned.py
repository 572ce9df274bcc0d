"""What the seed says was to be sent, to be held against what the ledgers say was sent."""

import pyarrow as pa

from scenarios.arrivals import email_arrivals, synthetic_people
from scenarios.evidence import recipients_digest
from scenarios.model import EmailLoad

SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("group", pa.string()),
        ("intended_s", pa.float64()),  # since the start of the load
        ("recipients_sha256", pa.string()),
    ]
)


def planned_emails(load: EmailLoad, seed: int, key_prefix: str) -> pa.Table:
    """One row an email of the load, in the order of their intended times."""
    digests = [recipients_digest([p.email]) for p in synthetic_people(load.people, seed)]
    rows = [
        (arrival.key, arrival.group, arrival.intended_s, digests[arrival.number % len(digests)])
        for arrival in email_arrivals(load, seed, key_prefix)
    ]
    columns = zip(*rows, strict=True) if rows else [[] for _ in SCHEMA]
    return pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )
