"""Faults on demand: what may go wrong between a caller and SQS, and how often.

A plan is an ordered list. For every call the faults are asked in order, and the first that fires
wins. Each fault draws from its own random stream, derived from the plan's seed and its place, so
the same plan over the same calls fires the same faults, whatever the others do.

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
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reference.clock import Clock
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


class _Fault(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(min_length=1)  # how journals and reports call it
    actions: tuple[Action, ...] = ()  # none named: all
    queue: str | None = None  # by name; none named: all, and calls that name no queue
    probability: float = Field(default=1.0, ge=0, le=1)
    start_s: float = Field(default=0.0, ge=0)  # since the plan was set
    end_s: float | None = Field(default=None, gt=0)  # none: until the plan is taken back
    nth_call: int | None = Field(default=None, ge=1)  # only the nth call that it could meet

    # Actions that this kind can change; none: all.
    possible: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _is_possible(self) -> "_Fault":
        if self.possible and not self.possible.issuperset(self.actions):
            raise ValueError(f"only {', '.join(sorted(self.possible))} can meet this kind of fault")
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


class SlowBody(_Fault):
    """Do the operation at once; the answer's bytes trickle in over `body_s`."""

    kind: Literal["slow-body"] = "slow-body"
    body_s: float = Field(gt=0, le=3600)


class HalfBatch(_Fault):
    """Do every other entry of a batch, from the first; the rest fail on SQS's side."""

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
    met: int = 0  # calls that it could have broken

    def matches(self, action: str, queue_name: str | None) -> bool:
        fault = self.fault
        return (
            self.phase == "active"
            and (not fault.actions or action in fault.actions)
            and (not fault.possible or action in fault.possible)
            and (fault.queue is None or fault.queue == queue_name)
            and not (
                isinstance(fault, _StandardOnly)
                and not fault.also_fifo
                and (queue_name or "").endswith(".fifo")
            )
        )

    def fires(self) -> bool:
        """Whether it breaks a call that it matches."""
        self.met += 1
        # It always draws, so that a condition more does not shift later draws.
        is_drawn = self.randomness.random() < self.fault.probability
        return is_drawn and self.fault.nth_call in {None, self.met}


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
        self._plan = FaultPlan()
        self._armed: list[_Armed] = []
        self._fired: Counter[str] = Counter()

    @property
    def plan(self) -> FaultPlan:
        return self._plan

    def fired_counts(self) -> dict[str, int]:
        return {armed.fault.label: self._fired[armed.fault.label] for armed in self._armed}

    def set_plan(self, plan: FaultPlan) -> None:
        """Replace the plan; its seconds count from now."""
        now_s = self._clock.now_s()
        self.settle()
        for armed in self._armed:
            if armed.phase == "active":
                self._journal_window("end", armed.fault, now_s)
        self._plan = plan
        self._fired.clear()
        self._armed = [self._arm(fault, place, now_s) for place, fault in enumerate(plan.faults)]
        self.settle()

    def _arm(self, fault: Fault, place: int, now_s: float) -> _Armed:
        seed = self._seed if self._plan.seed is None else self._plan.seed
        return _Armed(
            fault,
            random.Random(f"{seed}/{place}"),
            now_s + fault.start_s,
            float("inf") if fault.end_s is None else now_s + fault.end_s,
        )

    def add(self, faults: Sequence[Fault]) -> None:
        """Ask these after those in force, which go on; their seconds count from now.

        Raises FaultPlanError when a label is in use, ended or not: its count would be ambiguous.
        """
        labels = [fault.label for fault in (*self._plan.faults, *faults)]
        for label in labels:
            if labels.count(label) > 1:
                raise FaultPlanError(f"label: {label[:80]!r} is in use")
        now_s, first = self._clock.now_s(), len(self._armed)
        self._plan = self._plan.model_copy(update={"faults": (*self._plan.faults, *faults)})
        self._armed += [self._arm(fault, first + n, now_s) for n, fault in enumerate(faults)]
        self.settle()

    def end(self, label: str) -> bool:
        """End one fault now; its count stays. False when no fault has this label."""
        self.settle()
        now_s = self._clock.now_s()
        for armed in self._armed:
            if armed.fault.label == label:
                if armed.phase == "active":
                    self._journal_window("end", armed.fault, now_s)
                armed.phase = "over"
                return True
        return False

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

    def decide(self, action: str, queue_name: str | None) -> Decision | None:
        """What this call meets, if anything. The caller journals it with `fired`."""
        self.settle()
        for armed in self._armed:
            if armed.matches(action, queue_name) and armed.fires():
                return Decision(armed.fault, armed.randomness)
        return None

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
