"""Faults on demand: what may go wrong between a caller and SQS, and how often.

A plan is an ordered list. For every call the faults are asked in order, and the first that fires
wins. Each fault draws from its own random stream, derived from the plan's seed and its place, so
the same plan over the same calls fires the same faults, whatever the others do.

What a caller should survive: `refuse` (certainly not done), `lose-answer` (done, and nobody
knows), `outage` (nobody answers), `delay` (slower than the time-out that was tuned on good days).
"""

import random
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reference.clock import Clock
from reference.cloud.sqs.errors import (
    AccessDenied,
    InternalFailure,
    RequestThrottled,
    ServiceUnavailable,
    SqsError,
    ThrottlingException,
)
from reference.journal import Journal

Action = Literal[
    "AddPermission",
    "CancelMessageMoveTask",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "RemovePermission",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
]


class _Fault(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(min_length=1)  # how journals and reports call it
    actions: tuple[Action, ...] = ()  # none named: all
    queue: str | None = None  # by name; none named: all, and calls that name no queue
    probability: float = Field(default=1.0, ge=0, le=1)
    start_s: float = Field(default=0.0, ge=0)  # since the plan was set
    end_s: float | None = Field(default=None, gt=0)  # none: until the plan is taken back

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "_Fault":
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError(f"end_s {self.end_s} is not after start_s {self.start_s}")
        return self


class Refuse(_Fault):
    """Answer an error instead of doing the operation."""

    kind: Literal["refuse"] = "refuse"
    error: Literal["InternalFailure", "ServiceUnavailable", "throttle", "AccessDenied"] = (
        "InternalFailure"
    )


class LoseAnswer(_Fault):
    """Do the operation; its answer never arrives.

    `reset` aborts the connection, `timeout` keeps silent until the client leaves.
    """

    kind: Literal["lose-answer"] = "lose-answer"
    how: Literal["reset", "timeout"] = "reset"


class Outage(_Fault):
    """Abort the connection, do nothing."""

    kind: Literal["outage"] = "outage"


class Delay(_Fault):
    """Do the operation `delay_s` later."""

    kind: Literal["delay"] = "delay"
    delay_s: float = Field(gt=0, le=3600)


Fault = Annotated[Refuse | LoseAnswer | Outage | Delay, Field(discriminator="kind")]


class FaultPlan(BaseModel):
    """Faults in the order in which they are asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int | None = None  # none: the server's
    faults: tuple[Fault, ...] = ()


class FaultPlanError(Exception):
    """The plan is not one; the message names the field and its value."""


def parse_plan(text: bytes) -> FaultPlan:
    """Raises FaultPlanError."""
    try:
        return FaultPlan.model_validate_json(text)
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in each['loc']) or 'plan'}: {each['msg']}"
            f" (got {str(each['input'])[:80]!r})"
            for each in error.errors(include_url=False)
        ]
        raise FaultPlanError("; ".join(problems)) from error


def error_of(fault: Refuse, throttle_error: type[SqsError]) -> SqsError:
    message = f"Fault on demand: {fault.label}."
    match fault.error:
        case "InternalFailure":
            return InternalFailure(message)
        case "ServiceUnavailable":
            return ServiceUnavailable(message)
        case "AccessDenied":
            return AccessDenied(message)
        case "throttle":
            return throttle_error(message)


THROTTLE_ERRORS: dict[str, type[SqsError]] = {
    "RequestThrottled": RequestThrottled,
    "ThrottlingException": ThrottlingException,
}


@dataclass(slots=True)
class _Armed:
    fault: Fault
    randomness: random.Random
    starts_at_s: float
    ends_at_s: float
    phase: Literal["waiting", "active", "over"] = "waiting"
    fired: int = 0

    def matches(self, action: str, queue_name: str | None) -> bool:
        fault = self.fault
        return (
            self.phase == "active"
            and (not fault.actions or action in fault.actions)
            and (fault.queue is None or fault.queue == queue_name)
        )


class FaultInjector:
    """The plan in force. Journals each window's start and end, and every fault that fired.

    Rows: at_s, event (start, fired, end), fault, kind, action, queue, stored, dedup_ids.
    """

    def __init__(self, clock: Clock, journal: Journal, *, seed: int = 0) -> None:
        self._clock = clock
        self._seed = seed
        self._journal = journal
        self._plan = FaultPlan()
        self._armed: list[_Armed] = []

    @property
    def plan(self) -> FaultPlan:
        return self._plan

    def fired_counts(self) -> dict[str, int]:
        return {armed.fault.label: armed.fired for armed in self._armed}

    def set_plan(self, plan: FaultPlan) -> None:
        """Replace the plan; its seconds count from now."""
        now_s = self._clock.now_s()
        self.settle()
        for armed in self._armed:
            if armed.phase == "active":
                self._journal_window("end", armed.fault, now_s)
        self._plan = plan
        seed = self._seed if plan.seed is None else plan.seed
        self._armed = [
            _Armed(
                fault,
                random.Random(f"{seed}/{place}"),
                now_s + fault.start_s,
                float("inf") if fault.end_s is None else now_s + fault.end_s,
            )
            for place, fault in enumerate(plan.faults)
        ]
        self.settle()

    def settle(self) -> None:
        """Open and close windows as time has passed."""
        if not self._armed:
            return
        now_s = self._clock.now_s()
        for armed in self._armed:
            if armed.phase == "waiting" and armed.starts_at_s <= now_s:
                armed.phase = "active"
                self._journal_window("start", armed.fault, armed.starts_at_s)
            if armed.phase == "active" and armed.ends_at_s <= now_s:
                armed.phase = "over"
                self._journal_window("end", armed.fault, armed.ends_at_s)

    def next_due_s(self) -> float | None:
        """When the next window opens or closes, on the clock's scale."""
        due = [
            armed.starts_at_s if armed.phase == "waiting" else armed.ends_at_s
            for armed in self._armed
            if armed.phase != "over"
        ]
        return min(due, default=None)

    def decide(self, action: str, queue_name: str | None) -> Fault | None:
        """The fault that this call meets, if any. The caller journals it with `fired`."""
        self.settle()
        for armed in self._armed:
            if not armed.matches(action, queue_name):
                continue
            # A certain fault draws too: adding probability must not shift later draws.
            if armed.randomness.random() < armed.fault.probability:
                armed.fired += 1
                return armed.fault
        return None

    def fired(
        self,
        fault: Fault,
        action: str,
        queue_name: str | None,
        *,
        stored: bool | None = None,
        dedup_ids: list[str] | None = None,
    ) -> None:
        self._journal.write(
            at_s=self._clock.now_s(),
            event="fired",
            fault=fault.label,
            kind=fault.kind,
            action=action,
            queue=queue_name,
            stored=stored,
            dedup_ids=dedup_ids,
        )

    def _journal_window(self, event: str, fault: Fault, at_s: float) -> None:
        self._journal.write(
            at_s=at_s,
            event=event,
            fault=fault.label,
            kind=fault.kind,
            action=None,
            queue=fault.queue,
            stored=None,
            dedup_ids=None,
        )
