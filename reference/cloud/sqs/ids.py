"""Ids in the form of a version 4 UUID, as AWS's message and request ids have it.

Every send and every request takes one, and `uuid.uuid4` costs as much as the digest of a body. So
the random part is drawn once for a whole source, and its ids differ in a count.
"""

import itertools
import uuid
from collections.abc import Callable

_COUNT_DIGITS = 12


def unique_ids() -> Callable[[], str]:
    """A source of ids; no two sources give the same ones, whatever process they are in."""
    head = str(uuid.uuid4())[:-_COUNT_DIGITS]
    numbers = itertools.count()
    return lambda: f"{head}{next(numbers):012x}"
