"""How long to pause after SQS failed a call."""

import random

PAUSE_FIRST_S = 0.05
PAUSE_MAX_S = 2.0


def pause_s(attempt: int) -> float:
    """Full jitter under a doubling limit, so that workers do not come back together.

    `attempt` counts failures in a row, from 1.
    """
    limit_s = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2 ** min(attempt - 1, 10))
    return random.uniform(0, limit_s)
