"""Faults on demand: what may go wrong between a caller and SQS, and how often.

A plan is an ordered list; `fault_schedule.py` says which of its faults a call meets.

What a caller should survive: `refuse` (certainly not done), `lose-answer` (done, and nobody
knows), `outage` (nobody answers), `delay` and `slow-body` (slower than the time-out that was tuned
on good days), `half-batch` (200, and some entries failed), `wrong-md5` (damaged on the way),
`empty-receive` (a short poll that asked too few hosts), `early-expiry` (the work took longer than
the timeout), `duplicate` and `reorder` (what a standard queue may do at any time).

A fault is journalled as fired, and counted, only when it made a difference: an early expiry of no
message, or a reordering that left the order as it was, broke nothing.
"""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reference.clock import Clock
from reference.cloud.fault_plan import PlannedFault
from reference.cloud.fault_schedule import FaultSchedule
from reference.cloud.sqs.aftermath import Row
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


_RECEIVE = frozenset({"ReceiveMessage"})
_BATCHES = frozenset({"ChangeMessageVisibilityBatch", "DeleteMessageBatch", "SendMessageBatch"})


class _Fault(PlannedFault):
    actions: tuple[Action, ...] = ()  # none named: all
    queue: str | None = None  # by name; none named: all, and calls that name no queue

    # Actions that this kind can change; none: all.
    possible: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _is_possible(self) -> "_Fault":
        if self.possible and not self.possible.issuperset(self.actions):
            raise ValueError(f"only {', '.join(sorted(self.possible))} can meet this kind of fault")
        return self

    def meets(self, action: str, queue_name: str | None) -> bool:
        """Whether it could break such a call."""
        return (
            (not self.actions or action in self.actions)
            and (not self.possible or action in self.possible)
            and (self.queue is None or self.queue == queue_name)
        )


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


class SlowBody(_Fault):
    """Do the operation at once; the answer's bytes trickle in over `body_s`."""

    kind: Literal["slow-body"] = "slow-body"
    body_s: float = Field(gt=0, le=3600)


class HalfBatch(_Fault):
    """Do every other entry of a batch, from the first; the rest fail on SQS's side.

    An entry alone in its batch fails about every second time.
    """

    kind: Literal["half-batch"] = "half-batch"
    possible = _BATCHES


class WrongMd5(_Fault):
    """Do the operation; the digests in the answer are wrong, as after damage on the way."""

    kind: Literal["wrong-md5"] = "wrong-md5"
    possible = frozenset({"SendMessage", "SendMessageBatch", "ReceiveMessage"})


class EmptyReceive(_Fault):
    """Return no messages though there may be some, as a short poll of few hosts does."""

    kind: Literal["empty-receive"] = "empty-receive"
    possible = _RECEIVE


class EarlyExpiry(_Fault):
    """Let the received messages become visible after `visibility_s`, whatever was asked."""

    kind: Literal["early-expiry"] = "early-expiry"
    visibility_s: int = Field(ge=0, le=43_200)
    possible = _RECEIVE


class _StandardOnly(_Fault):
    also_fifo: bool = False  # SQS does this to standard queues only

    def meets(self, action: str, queue_name: str | None) -> bool:
        is_fifo = (queue_name or "").endswith(".fifo")
        return super().meets(action, queue_name) and (self.also_fifo or not is_fifo)


class Duplicate(_StandardOnly):
    """Ignore the first delete of the received messages, so that they are received again."""

    kind: Literal["duplicate"] = "duplicate"
    possible = _RECEIVE


class Reorder(_StandardOnly):
    """Return any of the next messages, in any order; of a FIFO queue, those of one receive."""

    kind: Literal["reorder"] = "reorder"
    possible = _RECEIVE


Fault = Annotated[
    Refuse
    | LoseAnswer
    | Outage
    | Delay
    | SlowBody
    | HalfBatch
    | WrongMd5
    | EmptyReceive
    | EarlyExpiry
    | Duplicate
    | Reorder,
    Field(discriminator="kind"),
]


class FaultPlan(BaseModel):
    """Faults in the order in which they are asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int | None = None  # none: the server's
    faults: tuple[Fault, ...] = ()


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


class Decision(NamedTuple):
    """The fault that a call meets, and the random stream for what it breaks."""

    fault: Fault
    randomness: random.Random


class FaultInjector:
    """The plan in force. Journals each window's start and end, and every fault that fired.

    Rows: at_s, event (start, fired, end), fault, kind, action, queue, and what the call did all
    the same: stored, absorbed, dedup_ids, message_ids (see `aftermath.py`).
    """

    def __init__(self, clock: Clock, journal: Journal, *, seed: int = 0) -> None:
        self._clock = clock
        self._seed = seed
        self._journal = journal
        self.plan = FaultPlan()
        self._schedule: FaultSchedule[Fault] = FaultSchedule(clock, self._journal_window)
        self._fired: Counter[str] = Counter()

    def fired_counts(self) -> dict[str, int]:
        return {fault.label: self._fired[fault.label] for fault in self.plan.faults}

    def set_plan(self, plan: FaultPlan) -> None:
        """Replace the plan; its seconds count from now."""
        self.plan = plan
        self._fired.clear()
        self._schedule.replace(plan.faults, self._seed if plan.seed is None else plan.seed)

    def add(self, faults: Sequence[Fault]) -> None:
        """Ask these after those in force, which go on; their seconds count from now.

        Raises FaultPlanError when a label is in use, ended or not.
        """
        self._schedule.add(faults)
        self.plan = self.plan.model_copy(update={"faults": (*self.plan.faults, *faults)})

    def end(self, label: str) -> bool:
        """End one fault now; its count stays. False when no fault has this label."""
        return self._schedule.end(label)

    def settle(self) -> None:
        """Open and close windows as time has passed."""
        self._schedule.settle()

    def next_due_s(self) -> float | None:
        """When the next window opens or closes, on the clock's scale."""
        return self._schedule.next_due_s()

    def decide(self, action: str, queue_name: str | None) -> Decision | None:
        """What this call meets, if anything. The caller journals it with `fired`."""
        armed = self._schedule.decide(lambda fault: fault.meets(action, queue_name))
        return None if armed is None else Decision(armed.fault, armed.randomness)

    def fired(
        self,
        fault: Fault,
        action: str,
        queue_name: str | None,
        rows: Sequence[Row],
    ) -> None:
        """The fault broke a call, whose entries ended as `rows` say."""
        self._fired[fault.label] += 1
        for row in rows:
            self._journal.write(
                at_s=self._clock.now_s(),
                event="fired",
                fault=fault.label,
                kind=fault.kind,
                action=action,
                queue=queue_name,
                **row._asdict(),
            )

    def _journal_window(self, event: str, fault: Fault, at_s: float) -> None:
        self._journal.write(
            at_s=at_s,
            event=event,
            fault=fault.label,
            kind=fault.kind,
            action=None,
            queue=fault.queue,
            **Row()._asdict(),
        )
