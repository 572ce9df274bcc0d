"""What the seed says was to be sent, to be held against what the ledgers say was sent."""

import functools

import pyarrow as pa

from scenarios.arrivals import email_blocks, synthetic_people
from scenarios.evidence import recipients_digest
from scenarios.model import EmailLoad

SCHEMA = pa.schema(
    [
        ("number", pa.int64()),  # from 0; the key is `arrivals.key_of` it
        ("intended_s", pa.float64()),  # since the start of the load
        ("group", pa.int32()),  # its index; the name is `arrivals.group_of` it
    ]
)


def planned_emails(load: EmailLoad, seed: int) -> pa.Table:
    """One row an email of the load, in the order of their intended times."""
    blocks = [
        pa.record_batch([block.numbers, block.intended_s, block.groups], schema=SCHEMA)
        for block in email_blocks(load, seed)
    ]
    return pa.Table.from_batches(blocks, schema=SCHEMA)


@functools.lru_cache(maxsize=8)
def recipient_digests(people: int, seed: int) -> tuple[str, ...]:
    """To whom emails go: the n-th to the (n modulo the number of people)-th of these digests."""
    return tuple(recipients_digest([person.email]) for person in synthetic_people(people, seed))
