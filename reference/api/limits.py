"""How much the API takes and how long it tries."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the API allows and how long it tries."""

    request_bytes_max: int = 2 * 1024 * 1024
    message_bytes_max: int = 1_048_576  # the queue's MaximumMessageSize
    send_threads: int = 32
    send_line_max: int = 256  # at 300 calls a second, well under a second's wait
    send_attempts_max: int = 3
    send_deadline_s: float = 4.0
    send_batch_max: int = 1
    send_linger_s: float = 0.005
    retry_after_s: int = 2
    busy_retry_after_s: int = 5  # refusals cost time, too: senders that come back soon prolong it
