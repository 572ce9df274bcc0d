"""A batch of messages as AWS Lambda hands it over: each is sent or reported as failed.

    event --Powertools batch processor--> clerk --> outbox --> provider
      failed: visibility as decided, listed in the answer | the rest: deleted by Lambda

What is decided, and why, is the worker's (`decide.py`): a failure that may pass ends its message
group's turn in this batch and leaves the other groups alone; an email that was refused for good
holds nobody up. Lambda deletes what is not listed and lets the rest reappear at the end of its
visibility time-out, which is sized for the function and not for a provider that says "later"; so
the visibility of what is listed is set here first, as AWS suggests for a back-off of one's own.
A function that may not do that still loses nothing: its messages come back later.

In the journal `released` with the reason `to-be-deleted` is the end of a message that was done
with: it is Lambda that deletes it. Sources: AWS Lambda Developer Guide, services-sqs-errorhandling
(partial batch responses); Powertools for AWS Lambda, Batch processing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    ExceptionInfo,
    FailureResponse,
    SqsFifoPartialProcessor,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from reference import log_setup
from reference.clock import Clock
from reference.errors import QueueError
from reference.sqs_client import RECEIVE_MAX, QueueReader, Received
from reference.worker import decide
from reference.worker.clerk import Clerk
from reference.worker.custody import Held, read
from reference.worker.decide import Abandon, Decision, Delete, GivenBack, LeaveForRedrive
from reference.worker.outbox import Outbox
from reference.worker.record import WorkerJournal

STOP_SHARE = 0.25  # of the time left at the start; then nothing more is begun
STOP_S_MAX = 1.0


class Context(Protocol):
    """What is used of the context object that Lambda passes."""

    def get_remaining_time_in_millis(self) -> int: ...


class NotDoneError(Exception):
    """A message stays in the queue; carries no text of it."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(type(decision).__name__)
        self.decision = decision


class BatchHandler:
    """The handler of a function: called with an event and a context, one batch at a time."""

    def __init__(
        self,
        *,
        calls: QueueReader,
        outbox: Outbox,
        journal: WorkerJournal,
        clock: Clock,
    ) -> None:
        self._calls = calls
        self._outbox = outbox
        self._journal = journal
        self._clock = clock
        self._log = structlog.get_logger()

    def __call__(self, event: Mapping[str, Any], context: Context) -> PartialItemFailureResponse:
        """Which messages failed; raises KeyError when the event is none of SQS's."""
        records: list[dict[str, Any]] = event["Records"]
        left_s = context.get_remaining_time_in_millis() / 1000
        ends_at_s = self._clock.now_s() + left_s
        stop_at_s = ends_at_s - min(STOP_S_MAX, left_s * STOP_SHARE)
        clerk = Clerk(
            outbox=self._outbox,
            journal=self._journal,
            clock=self._clock,
            margin_s=0.0,  # the messages stay hidden for longer than the function may run
            is_stopping=lambda: self._clock.now_s() >= stop_at_s,
        )
        in_hand = {record["messageId"]: read(_received(record)) for record in records}
        for held in in_hand.values():
            self._journal.write("received", held)
        decisions: dict[str, Decision] = {}

        def handle(record: SQSRecord) -> None:
            held = in_hand[record.message_id]
            decision = decisions[record.message_id] = self._handle(clerk, held, ends_at_s)
            if not isinstance(decision, Delete):
                raise NotDoneError(decision)

        processor = _processor(records)
        with processor(records=records, handler=handle):
            processor.process()
        response = processor.response()
        failed = {failure["itemIdentifier"] for failure in response["batchItemFailures"]}
        for message_id, held in in_hand.items():
            if message_id not in failed:
                self._journal.write("released", held, "to-be-deleted")
        if failed:
            left = [held for message_id, held in in_hand.items() if message_id in failed]
            self._give_back(left, decisions)
        return response

    def _handle(self, clerk: Clerk, held: Held, ends_at_s: float) -> Decision:
        try:
            return clerk.handle(held, ends_at_s)
        except Exception as error:  # noqa: BLE001 - one email's fault must not fail the others
            self._log.error("unexpected failure", **log_setup.fault_place(error))
            return Abandon("fault")

    def _give_back(self, left: Sequence[Held], decisions: Mapping[str, Decision]) -> None:
        """Set the visibility of what failed: that of a group's failure for all behind it."""
        of_group: dict[str, GivenBack] = {}
        by_visibility: dict[int | None, list[tuple[Held, GivenBack]]] = {}
        for held in left:
            decision = decisions.get(held.message.message_id)
            if decision is None:  # it stood behind a failure of its group
                ahead = of_group[held.message.group]
                given = GivenBack(ahead.visibility_s, "released", "out-of-turn")
            else:
                given = decide.giving_back(decision)
                of_group[held.message.group] = given
            by_visibility.setdefault(given.visibility_s, []).append((held, given))
        for visibility_s, together in by_visibility.items():
            if visibility_s is not None:
                self._set_visibility([held for held, _ in together], visibility_s)
            for held, given in together:
                self._journal.write(given.event, held, given.reason)

    def _set_visibility(self, left: list[Held], visibility_s: int) -> None:
        # The last of a group first, so that none is visible before one that stands ahead of it.
        handles = [held.message.receipt_handle for held in reversed(left)]
        for start in range(0, len(handles), RECEIVE_MAX):
            some = handles[start : start + RECEIVE_MAX]
            try:
                self._calls.change_visibility(some, visibility_s)
            except QueueError as error:
                # They come back by themselves when their visibility ends.
                self._log.warning("release failed", code=error.code, messages=len(some))


class _GroupsApart(SqsFifoPartialProcessor):
    """After a failure nothing more of its group is handled, unless it was a refusal for good."""

    def __init__(self) -> None:
        super().__init__(skip_group_on_error=True)
        self.raise_on_entire_batch_failure = False

    def failure_handler(self, record: Any, exception: ExceptionInfo) -> FailureResponse:
        error = exception[1]
        if isinstance(error, NotDoneError) and isinstance(error.decision, LeaveForRedrive):
            return super(SqsFifoPartialProcessor, self).failure_handler(record, exception)
        return super().failure_handler(record, exception)


def _processor(records: Sequence[Mapping[str, Any]]) -> BatchProcessor:
    """Failures are always listed: raising would send back what is deleted as well."""
    if any(str(record.get("eventSourceARN", "")).endswith(".fifo") for record in records):
        return _GroupsApart()
    return BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def _received(record: Mapping[str, Any]) -> Received:
    attributes = record["attributes"]
    return Received(
        message_id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        group=attributes.get("MessageGroupId", ""),
        dedup_id=attributes.get("MessageDeduplicationId", ""),
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
    )
