"""What an event source mapping can be told, and what AWS refuses.

Sources: Lambda Developer Guide, services-sqs-parameters (batch size, window, pollers),
services-sqs-configure (visibility time-out) and services-sqs-scaling (maximum concurrency,
provisioned mode); API reference, CreateEventSourceMapping (a batch of more than 10 needs a window
of at least a second) and CreateFunction (time-out of 1 to 900 s, memory of 128 to 10,240 MB).
"""

from dataclasses import dataclass

BATCH_MAX = 10_000
BATCH_MAX_FIFO = 10
BATCH_MAX_WITHOUT_WINDOW = 10
WINDOW_MAX_S = 300
CONCURRENCY_MIN, CONCURRENCY_MAX = 2, 1_000
POLLERS_MIN, POLLERS_MINIMUM_MAX, POLLERS_MAX = 2, 200, 2_000
TIMEOUT_MAX_S = 900.0
VISIBILITY_PER_TIMEOUT = 6  # AWS's advice for the queue, beside the window
RECEIVES_ADVISED = 5  # and for its redrive policy


class MappingError(Exception):
    """A setting that AWS refuses. The text names option, value and what is wanted."""


@dataclass(frozen=True)
class Pollers:
    """Provisioned mode: event pollers that are kept, and how many there may be."""

    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """A valid mapping; raises MappingError when it is not."""

    is_fifo: bool
    batch_size: int = 10
    batch_window_s: int = 0
    timeout_s: float = 3.0  # the function's
    maximum_concurrency: int | None = None
    pollers: Pollers | None = None
    reports_failures: bool = True  # ReportBatchItemFailures

    def __post_init__(self) -> None:
        kind = "FIFO" if self.is_fifo else "standard"
        _within(
            "--batch-size",
            self.batch_size,
            1,
            BATCH_MAX_FIFO if self.is_fifo else BATCH_MAX,
            f"messages for a {kind} queue",
        )
        _within("--batch-window-s", self.batch_window_s, 0, WINDOW_MAX_S, "whole seconds")
        if self.is_fifo and self.batch_window_s:
            raise MappingError(
                f"--batch-window-s {self.batch_window_s}: a FIFO queue has no batching window; "
                "wanted: 0"
            )
        if self.batch_size > BATCH_MAX_WITHOUT_WINDOW and not self.batch_window_s:
            raise MappingError(
                f"--batch-size {self.batch_size}: more than {BATCH_MAX_WITHOUT_WINDOW} messages "
                "need a window; wanted: --batch-window-s of at least 1"
            )
        if not 0 < self.timeout_s <= TIMEOUT_MAX_S:
            raise MappingError(
                f"--timeout-s {self.timeout_s:g}; wanted: more than 0, at most {TIMEOUT_MAX_S:g}"
            )
        if self.maximum_concurrency is not None:
            _within(
                "--maximum-concurrency",
                self.maximum_concurrency,
                CONCURRENCY_MIN,
                CONCURRENCY_MAX,
                "batches at a time",
            )
        if self.pollers is not None:
            self._check_pollers(self.pollers)

    def _check_pollers(self, pollers: Pollers) -> None:
        if self.maximum_concurrency is not None:
            raise MappingError(
                "--provisioned and --maximum-concurrency exclude each other; wanted: one of them"
            )
        _within("--provisioned MIN", pollers.minimum, POLLERS_MIN, POLLERS_MINIMUM_MAX, "pollers")
        _within("--provisioned MAX", pollers.maximum, pollers.minimum, POLLERS_MAX, "pollers")

    def check_visibility(self, visibility_s: int) -> str:
        """The advice that the queue does not follow, or nothing.

        Raises MappingError when its messages could reappear under a running function.
        """
        if visibility_s < self.timeout_s:
            raise MappingError(
                f"--timeout-s {self.timeout_s:g}: the queue's visibility time-out of "
                f"{visibility_s} s is shorter; wanted: a visibility time-out of at least "
                f"{VISIBILITY_PER_TIMEOUT} times the function's"
            )
        advised_s = VISIBILITY_PER_TIMEOUT * self.timeout_s + self.batch_window_s
        if visibility_s < advised_s:
            return (
                f"visibility time-out of {visibility_s} s; AWS advises at least {advised_s:g} s, "
                f"{VISIBILITY_PER_TIMEOUT} times the function's and the window"
            )
        return ""


def _within(option: str, value: int, low: int, high: int, what: str) -> None:
    if not low <= value <= high:
        raise MappingError(f"{option} {value}; wanted: {low:,} to {high:,} {what}")
