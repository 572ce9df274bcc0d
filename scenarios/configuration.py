"""A queue configuration: which queue, what puts messages into it, what takes them out.

    intake (API, API Gateway)  ->  queue (FIFO, FIFO pool, standard)  ->  consumer (worker, Lambda)

Configurations are TOML files, one each; a scenario says what to try, a configuration on what.
`load_configuration` turns one into frozen models or refuses it with file, key and value. What does
not fit together is refused as well: a run of it would answer another question than was asked.
Limits are AWS's: SQS and Lambda Developer Guides, quotas and event source mapping parameters.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from scenarios.base import Model, Name
from scenarios.faults import Duplicate, Nature, Reorder
from scenarios.model import named_file, read_text, validated

CONFIGURATIONS = Path(__file__).parent / "configurations"
DEFAULT = "fifo"  # what the scenarios of the catalogue are written for
FIFO_BATCH_MAX = 10  # messages a Lambda invocation of a FIFO queue, and a receive call, can have


class QueueKind(Model):
    """The queue, or the pool of them."""

    type: Literal["fifo", "standard"]
    count: int = Field(1, ge=1, le=64)  # more than one: a pool, split by message group
    high_throughput: bool = False
    # What AWS says that a standard queue may do, without saying how often. Of receive calls.
    duplicate_probability: float = Field(0.0, ge=0, le=1)
    reorder_probability: float = Field(0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.type == "standard" and self.count > 1:
            raise ValueError(
                f"count: {self.count} standard queues: a pool splits FIFO queues by message group; "
                "one standard queue has no limit that a pool could lift"
            )
        if self.type == "standard" and self.high_throughput:
            raise ValueError("high_throughput: true: only a FIFO queue has that mode")
        for key in ("duplicate_probability", "reorder_probability"):
            if self.type == "fifo" and getattr(self, key):
                raise ValueError(f"{key}: {getattr(self, key):g}: a FIFO queue does no such thing")
        return self

    @property
    def is_fifo(self) -> bool:
        return self.type == "fifo"

    @property
    def nature(self) -> list[Nature]:
        """What the queue does of its own accord, in the form of faults."""
        found: list[Nature] = []
        if p := self.duplicate_probability:
            found.append(Duplicate(label="standard-duplicate", probability=p))
        if p := self.reorder_probability:
            found.append(Reorder(label="standard-reorder", probability=p))
        return found


class Intake(Model):
    """What accepts emails and writes them to the queue."""

    kind: Literal["api", "api-gateway"] = "api"
    batch_max: int = Field(1, ge=1, le=10)  # emails that may share one SendMessageBatch
    linger_ms: float = Field(5.0, ge=0, le=1_000)  # how long a batch waits to become full
    mapping: Literal["careful", "default-200"] | None = None  # of the gateway's answers

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kind == "api" and self.mapping is not None:
            raise ValueError(f"mapping: {self.mapping!r}: only api-gateway has a mapping")
        if self.kind == "api-gateway":
            if self.mapping is None:
                raise ValueError("mapping: not set: api-gateway wants 'careful' or 'default-200'")
            if self.batch_max > 1:
                raise ValueError(
                    f"batch_max: {self.batch_max}: API Gateway writes each email by itself"
                )
        if self.batch_max == 1 and "linger_ms" in self.model_fields_set:
            raise ValueError(f"linger_ms: {self.linger_ms:g}: with batch_max 1 nothing waits")
        return self


class Consumer(Model):
    """What takes messages out of the queue and sends the emails."""

    kind: Literal["worker", "lambda"] = "worker"
    batch_size: int = Field(10, ge=1, le=10_000)  # messages an invocation, or a receive call
    batch_window_s: int = Field(0, ge=0, le=300)  # Lambda: how long a batch is gathered
    maximum_concurrency: int | None = Field(None, ge=2, le=1_000)  # Lambda: invocations at a time
    timeout_s: int = Field(6, ge=1, le=900)  # Lambda: of one invocation
    memory_mb: int = Field(512, ge=128, le=10_240)  # Lambda: CPU and price go by it, too

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kind == "worker":
            for key in ("batch_window_s", "maximum_concurrency", "timeout_s", "memory_mb"):
                if key in self.model_fields_set:
                    raise ValueError(f"{key}: {getattr(self, key)}: only lambda has it")
            if self.batch_size > FIFO_BATCH_MAX:
                raise ValueError(f"batch_size: {self.batch_size}: one receive call has at most 10")
        elif self.batch_size > FIFO_BATCH_MAX and self.batch_window_s < 1:
            raise ValueError(
                f"batch_size: {self.batch_size}: more than 10 want a batch_window_s of at least 1"
            )
        return self


class Configuration(Model):
    """One way to build the pipeline, as written in one TOML file."""

    name: Name
    summary: str = Field(max_length=300)
    queue: QueueKind
    intake: Intake = Intake()
    consumer: Consumer = Consumer()

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        queue, consumer = self.queue, self.consumer
        if self.intake.kind == "api-gateway" and queue.count > 1:
            raise ValueError(f"queue.count: {queue.count}: a mapping template names one queue")
        if consumer.kind == "lambda" and queue.count > 1:
            raise ValueError(
                f"queue.count: {queue.count}: an event source mapping reads one queue; "
                "a pool is read by a worker"
            )
        if consumer.kind == "lambda" and queue.is_fifo:
            if consumer.batch_size > FIFO_BATCH_MAX:
                raise ValueError(
                    f"consumer.batch_size: {consumer.batch_size}: of a FIFO queue at most 10"
                )
            if consumer.batch_window_s:
                raise ValueError(
                    f"consumer.batch_window_s: {consumer.batch_window_s}: "
                    "a FIFO queue has no batch window"
                )
        return self


def parse_configuration(text: str, source: str) -> Configuration:
    """Raises ScenarioError; `source` names the text in its message."""
    return validated(text, source, Configuration)


def load_configuration(name_or_path: str) -> tuple[Configuration, str]:
    """One of ours by name, or any by the path of its file, with its text.

    Raises ScenarioError.
    """
    path = named_file(name_or_path, CONFIGURATIONS, configuration_names(), "configuration")
    text = read_text(path)
    return parse_configuration(text, str(path)), text


def configuration_names() -> list[str]:
    return sorted(path.stem for path in CONFIGURATIONS.glob("*.toml"))
