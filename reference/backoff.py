"""How long to pause before a failed call is made again."""

import random


def full_jitter_s(attempt: int, *, first_s: float, max_s: float) -> float:
    """Anything under a doubling limit, so that those who failed together do not come back together.

    `attempt` counts failures in a row, from 1.
    """
    return random.uniform(0, min(max_s, first_s * 2 ** min(attempt - 1, 30)))
