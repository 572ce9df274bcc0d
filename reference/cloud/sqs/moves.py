"""StartMessageMoveTask: messages leave a dead-letter queue, at a rate, as time passes.

A moved message is a new message: new id, new age, new retention, receive count zero
(API StartMessageMoveTask; DG sqs-configure-dead-letter-queue-redrive.html). Without a destination
it goes back to the queue that parked it. AWS chooses the rate when the caller does not; we take
the highest that a caller may choose. A queue may be deleted while a task runs: queues are looked
up message by message, and a task whose queue is gone fails and leaves the rest where it is.
"""

import base64
import json
import uuid
from collections import deque
from dataclasses import dataclass
from functools import partial
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
from reference.cloud.sqs.message import Message
from reference.cloud.sqs.queue import Queue

_RATE_PER_S_MAX = 500
_TASKS_KEPT = 10


@dataclass(slots=True)
class MoveTask:
    """One task and how far it is."""

    handle: str
    source_arn: str
    destination_arn: str | None
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
            "SourceArn": self.source_arn,
            "DestinationArn": self.destination_arn,
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
            source_arn,
            destination_arn,
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
            source = self._found(task.source_arn, "The task's source queue")
            while task.moved < task.to_move and allowed > 0:
                if not source.move_next(partial(self._destination, task)):
                    break
                task.moved += 1
                allowed -= 1
        except SqsError as error:
            task.status, task.failure = "FAILED", error.message
            return
        if task.moved >= task.to_move or source.depth().visible == 0:
            task.status = "COMPLETED"

    def _destination(self, task: MoveTask, message: Message) -> Queue:
        if task.destination_arn is not None:
            return self._found(task.destination_arn, "The task's destination queue")
        return self._found(message.source_arn or "", "The message's original source queue")

    def _found(self, arn: str, what: str) -> Queue:
        queue = self._engine.find_by_arn(arn)
        if queue is None:
            raise InvalidParameterValue(f"{what} does not exist.")
        return queue

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
