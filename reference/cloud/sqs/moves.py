"""StartMessageMoveTask: messages leave a dead-letter queue, at a rate, as time passes.

A moved message is a new message: new id, new age, new retention, receive count zero
(API StartMessageMoveTask; DG sqs-configure-dead-letter-queue-redrive.html). Without a destination
it goes back to the queue that parked it. AWS chooses the rate when the caller does not; we take
the highest that a caller may choose.
"""

import base64
import json
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

from reference.clock import Clock
from reference.cloud.sqs.checks import check_range, shown
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import (
    InvalidParameterValue,
    ResourceNotFound,
    SqsError,
    UnsupportedOperation,
)
from reference.cloud.sqs.queue import Queue

_RATE_PER_S_MAX = 500
_TASKS_KEPT = 10


@dataclass(slots=True)
class MoveTask:
    """One task and how far it is."""

    handle: str
    source: Queue
    destination: Queue | None
    rate_per_s: int | None
    to_move: int
    started_s: float
    started_ms: int
    status: str = "RUNNING"
    moved: int = 0
    failure: str | None = None

    def shown(self) -> dict[str, Any]:
        values = {
            "TaskHandle": self.handle if self.status == "RUNNING" else None,
            "Status": self.status,
            "SourceArn": self.source.arn,
            "DestinationArn": self.destination.arn if self.destination else None,
            "MaxNumberOfMessagesPerSecond": self.rate_per_s,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "FailureReason": self.failure,
            "StartedTimestamp": self.started_ms,
        }
        return {name: value for name, value in values.items() if value is not None}


class MoveTasks:
    """The tasks of one engine; `settle` lets them get on."""

    def __init__(self, clock: Clock, engine: Engine) -> None:
        self._clock = clock
        self._engine = engine
        self._by_source: dict[str, deque[MoveTask]] = {}

    def start(self, source_arn: str, destination_arn: str | None, rate_per_s: int | None) -> str:
        """The new task's handle.

        Raises ResourceNotFound, InvalidParameterValue or UnsupportedOperation.
        """
        self.settle()
        source = self._queue("SourceArn", source_arn)
        destination = self._queue("DestinationArn", destination_arn) if destination_arn else None
        if rate_per_s is not None:
            check_range("MaxNumberOfMessagesPerSecond", rate_per_s, 1, _RATE_PER_S_MAX)
        if not self._engine.dead_letter_sources(source):
            raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
        if destination is source:
            raise InvalidParameterValue("Source queue arn and destination queue arn are equal.")
        if destination and destination.attributes.is_fifo != source.attributes.is_fifo:
            raise InvalidParameterValue("Source and destination queues must be of the same type.")
        tasks = self._by_source.setdefault(source_arn, deque(maxlen=_TASKS_KEPT))
        if tasks and tasks[0].status == "RUNNING":
            raise UnsupportedOperation(
                "There is already a task running. Only one active task is allowed for a source "
                "queue arn at a given time."
            )
        task = MoveTask(
            _handle(source_arn),
            source,
            destination,
            rate_per_s,
            source.depth().visible,
            self._clock.now_s(),
            int(self._clock.wall_s() * 1000),
        )
        tasks.appendleft(task)
        self.settle()
        return task.handle

    def cancel(self, handle: str) -> int:
        """How many messages the task moved. Raises ResourceNotFound."""
        self.settle()
        for tasks in self._by_source.values():
            for task in tasks:
                if task.handle == handle and task.status == "RUNNING":
                    task.status = "CANCELLED"
                    return task.moved
        raise ResourceNotFound("The task does not exist or is not running.")

    def list(self, source_arn: str, limit: int) -> list[MoveTask]:
        """The latest tasks of a queue, newest first. Raises ResourceNotFound."""
        self._queue("SourceArn", source_arn)
        check_range("MaxResults", limit, 1, _TASKS_KEPT)
        self.settle()
        return list(self._by_source.get(source_arn, ()))[:limit]

    def settle(self) -> None:
        """Move what each task's rate allows until now."""
        for tasks in self._by_source.values():
            if tasks and tasks[0].status == "RUNNING":
                self._advance(tasks[0])

    def _advance(self, task: MoveTask) -> None:
        rate_per_s = task.rate_per_s or _RATE_PER_S_MAX
        elapsed_s = self._clock.now_s() - task.started_s
        # The first second's worth goes at once, so that small moves are quick.
        allowed = int(rate_per_s * (elapsed_s + 1)) - task.moved
        try:
            task.moved += self._move(task, allowed)
        except SqsError as error:
            task.status, task.failure = "FAILED", error.message
            return
        if task.moved >= task.to_move or task.source.depth().visible == 0:
            task.status = "COMPLETED"

    def _move(self, task: MoveTask, limit: int) -> int:
        moved = 0
        # One by one: a destination that is gone must leave the rest where it is.
        while moved < min(limit, task.to_move - task.moved):
            messages = task.source.take_out(1)
            if not messages:
                break
            (message,) = messages
            destination = task.destination or self._engine.find_by_arn(message.source_arn or "")
            if destination is None:
                task.source.accept(message)
                raise InvalidParameterValue("The message's original source queue does not exist.")
            destination.adopt(message)
            moved += 1
        return moved

    def _queue(self, parameter: str, arn: str) -> Queue:
        queue = self._engine.find_by_arn(arn)
        if queue is None:
            raise ResourceNotFound(
                f"The resource that you specified for the {parameter} parameter doesn't exist: "
                f"{shown(arn)}"
            )
        return queue


def _handle(source_arn: str) -> str:
    task = {"taskId": str(uuid.uuid4()), "sourceArn": source_arn}
    return base64.b64encode(json.dumps(task).encode()).decode()
