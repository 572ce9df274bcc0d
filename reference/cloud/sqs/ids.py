"""Ids in the form of a version 4 UUID, as AWS's message and request ids have it.

Every send and every request takes one, and `uuid.uuid4` costs as much as the digest of a body. So
the random part is drawn once for a whole source, and its ids differ in a count.
"""

import itertools
import uuid
from collections.abc import Callable, Iterator

_COUNT_DIGITS = 12
_LOW = [f"{low:03x}" for low in range(16**3)]  # the last digits: no formatting for each id


def unique_ids() -> Callable[[], str]:
    """A source of ids; no two sources give the same ones, whatever process they are in."""
    return _ids(str(uuid.uuid4())[:-_COUNT_DIGITS]).__next__


def _ids(random: str) -> Iterator[str]:
    for high in itertools.count():
        head = f"{random}{high:09x}"
        for low in _LOW:
            yield head + low
