"""What differs between deployments: a queue configuration, as far as AWS resources know it."""

from dataclasses import dataclass
from typing import Literal

from reference.cloud.api_gateway.definition import MappingName

# CloudWatch User Guide, create-alarm-on-metric-math-expression: metrics of one alarm.
QUEUES_MAX = 10
VISIBILITY_PER_TIMEOUT = 6  # AWS Lambda Developer Guide, services-sqs-configure
WORKER_VISIBILITY_S = 30


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One way to build the pipeline. Raises ValueError for what no template can be made of."""

    name: str
    is_fifo: bool
    queue_count: int = 1
    is_high_throughput: bool = False
    gateway_mapping: MappingName | None = None  # None: an API of ours
    send_batch_max: int = 1
    send_linger_ms: float = 5.0
    consumer: Literal["worker", "lambda"] = "worker"
    batch_size: int = 10
    batch_window_s: int = 0
    maximum_concurrency: int | None = None
    timeout_s: int = 6  # of the function
    memory_mb: int = 512  # likewise

    def __post_init__(self) -> None:
        if not 1 <= self.queue_count <= QUEUES_MAX:
            raise ValueError(
                f"{self.name}: {self.queue_count} queues; a template can have 1 to {QUEUES_MAX}: "
                "the alarm that takes workers away watches no more"
            )

    @property
    def queue_ids(self) -> list[str]:
        """The queues' logical ids."""
        if self.queue_count == 1:
            return ["Queue"]
        return [f"Queue{number}" for number in range(1, self.queue_count + 1)]

    @property
    def visibility_s(self) -> int:
        if self.consumer == "worker":
            return WORKER_VISIBILITY_S
        return VISIBILITY_PER_TIMEOUT * self.timeout_s + self.batch_window_s
