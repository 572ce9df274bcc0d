"""Every quota of SQS as a value, with the page that gives it.

`STRICT` is what AWS enforces. `OFF` lifts those limits that protect AWS from load and its users
from haste; limits that belong to the meaning of a request (sizes, ranges, alphabets) hold always.
Pages are of the SQS Developer Guide (DG) and API Reference (API), as of November 2026.
"""

from dataclasses import dataclass

# Message and batch: DG quotas-messages.html. Body and attributes together, UTF-8 bytes.
MESSAGE_BYTES_MIN = 1_024  # lowest MaximumMessageSize of a queue
MESSAGE_BYTES_MAX = 1_048_576
BILLED_CHUNK_BYTES = 65_536  # AWS SQS pricing page: each 64 KiB of payload is billed as a request
BATCH_ENTRIES_MAX = 10
BATCH_ENTRY_ID_LENGTH_MAX = 80
MESSAGE_ATTRIBUTES_MAX = 10
MESSAGE_ATTRIBUTE_NAME_LENGTH_MAX = 256

# Queue attributes: API SetQueueAttributes.
RETENTION_S_MIN, RETENTION_S_MAX, RETENTION_S_DEFAULT = 60, 1_209_600, 345_600
VISIBILITY_S_MAX, VISIBILITY_S_DEFAULT = 43_200, 30
DELAY_S_MAX = 900
WAIT_S_MAX = 20
MAX_RECEIVE_COUNT_MAX = 1_000
KMS_REUSE_S_MIN, KMS_REUSE_S_MAX, KMS_REUSE_S_DEFAULT = 60, 86_400, 300
POLICY_BYTES_MAX = 8_192
REDRIVE_ALLOW_SOURCES_MAX = 10

# Names and tokens: DG quotas-queues.html, API SendMessage and ReceiveMessage.
QUEUE_NAME_LENGTH_MAX = 80
TOKEN_LENGTH_MAX = 128
TAGS_MAX = 50
LIST_RESULTS_MAX = 1_000

# DG FIFO-key-terms.html; API ReceiveMessage.
DEDUP_INTERVAL_S = 300.0
RECEIVE_ATTEMPT_INTERVAL_S = 300.0

# No valid request is larger: a batch whose every character is escaped as \uXXXX.
REQUEST_BYTES_MAX = 8 * MESSAGE_BYTES_MAX

UNLIMITED = 1 << 62


def further_chunks(payload_bytes: int) -> int:
    """Requests that are billed for a call's payload beyond the call itself."""
    return max(0, payload_bytes - 1) // BILLED_CHUNK_BYTES


# High-throughput FIFO, calls per second and API action, not batched: DG quotas-messages.html.
# The rows of 9,000 and 4,500 are from the announcement of October 2023, the rest for other
# regions is the lowest row.
HIGH_THROUGHPUT_CALLS_PER_S = {
    "us-east-1": 70_000,
    "us-west-2": 70_000,
    "eu-west-1": 70_000,
    "us-east-2": 19_000,
    "eu-central-1": 19_000,
    "ap-south-1": 9_000,
    "ap-southeast-1": 9_000,
    "ap-southeast-2": 9_000,
    "ap-northeast-1": 9_000,
    "eu-west-2": 4_500,
    "sa-east-1": 4_500,
}
HIGH_THROUGHPUT_CALLS_PER_S_ELSEWHERE = 2_400
# DG partitions-and-data-distribution.html: a partition carries what a plain FIFO queue does.
PARTITION_CALLS_PER_S = 300


@dataclass(frozen=True, slots=True)
class Limits:
    """The switchable quotas of one SQS."""

    # DG quotas-messages.html: calls per second, API action and FIFO queue; a batch is one call.
    fifo_calls_per_s: float | None
    # DG quotas-queues.html and quotas-fifo.html (FIFO: 20,000 until 2024-11).
    in_flight_max: int
    # DG avoid-backlog-with-the-same-message-group-id.html.
    fifo_look_ahead: int
    # API PurgeQueue; API CreateQueue.
    purge_interval_s: float
    recreate_interval_s: float


STRICT = Limits(
    fifo_calls_per_s=300.0,
    in_flight_max=120_000,
    fifo_look_ahead=120_000,
    purge_interval_s=60.0,
    recreate_interval_s=60.0,
)
OFF = Limits(
    fifo_calls_per_s=None,
    in_flight_max=UNLIMITED,
    fifo_look_ahead=UNLIMITED,
    purge_interval_s=0.0,
    recreate_interval_s=0.0,
)
