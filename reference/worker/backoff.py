"""How long to pause after SQS failed a call."""

from reference.backoff import full_jitter_s

PAUSE_FIRST_S = 0.05
PAUSE_MAX_S = 2.0


def pause_s(attempt: int) -> float:
    """`attempt` counts failures in a row, from 1."""
    return full_jitter_s(attempt, first_s=PAUSE_FIRST_S, max_s=PAUSE_MAX_S)
