"""One group's messages, in order: decide, send, delete; give back what could not be sent.

After a failure that may pass, nothing behind it is sent, or the group's order would break. All
that is left goes back in one call, after the deletes of what was sent, so that SQS sees neither
a gap nor a message out of turn. An email that was refused for good does not hold its group up:
it never leaves, so there is no order to keep, and every further receive would push the
innocent messages behind it towards the dead-letter queue as well.
"""

from collections.abc import Callable

import structlog

from reference.clock import Clock
from reference.domain import QueuedEmail
from reference.errors import QueueError
from reference.sqs_client import QueueReader
from reference.worker import decide
from reference.worker.custody import Custody, GroupRun, Held
from reference.worker.decide import (
    Abandon,
    Decision,
    Delete,
    LeaveForRedrive,
    Postpone,
    Release,
    Retry,
    Send,
)
from reference.worker.deletes import Deleter, Deletion
from reference.worker.outbox import Outbox
from reference.worker.record import WorkerJournal


class Courier:
    """Delivers runs; several threads use one courier."""

    def __init__(
        self,
        *,
        calls: QueueReader,
        outbox: Outbox,
        deleter: Deleter,
        custody: Custody,
        journal: WorkerJournal,
        clock: Clock,
        margin_s: float,
        is_stopping: Callable[[], bool],
    ) -> None:
        """`margin_s`: with no more visibility left than this, a message is not sent."""
        self._calls = calls
        self._outbox = outbox
        self._deleter = deleter
        self._custody = custody
        self._journal = journal
        self._clock = clock
        self._margin_s = margin_s
        self._is_stopping = is_stopping
        self._log = structlog.get_logger()

    def deliver(self, run: GroupRun) -> None:
        """Deliver what can be delivered of a run, and give the rest back."""
        messages = list(run.messages)
        deletions: list[Deletion] = []
        left: list[tuple[Held, str, str]] = []  # with the journal's event and reason
        visibility_s: int | None = None  # None: leave them to expire
        for position, held in enumerate(messages):
            match self._handle(run, held):
                case Delete(reason):
                    deletions.append(self._deleter.submit(run, held, reason))
                    continue
                case LeaveForRedrive(visibility_s, reason):
                    left.append((held, "released", reason))
                    continue
                case Postpone(visibility_s):
                    left.append((held, "postponed", "not-due"))
                case Retry(visibility_s, reason):
                    left.append((held, "released", reason))
                case Release(reason):
                    visibility_s = 0
                    left.append((held, "released", reason))
                case Abandon(reason):
                    visibility_s = None
                    left.append((held, "released", reason))
            left += [(later, "released", "out-of-turn") for later in messages[position + 1 :]]
            break
        if left:
            for deletion in deletions:
                deletion.done.wait(max(0.0, run.visible_at_s - self._clock.now_s()))
            self._give_back(run, left, visibility_s)

    def abandon(self, run: GroupRun, reason: str) -> None:
        """Touch a run no more; its messages come back when their visibility ends."""
        for held in run.messages:
            self._journal.write("released", held, reason)
        self._custody.drop(run, run.messages)

    def _handle(self, run: GroupRun, held: Held) -> Decision:
        visible_in_s = run.visible_at_s - self._clock.now_s()
        decision = decide.before_send(
            held.email,
            receive_count=held.message.receive_count,
            visible_in_s=visible_in_s,
            margin_s=self._margin_s,
            wall_s=self._clock.wall_s(),
            is_stopping=self._is_stopping(),
        )
        if isinstance(decision, Send):
            assert held.email is not None
            return self._send(held, held.email, visible_in_s)
        if isinstance(decision, LeaveForRedrive):
            self._journal.write("failed", held, decision.reason)
            self._log.error("email cannot be sent", reason=decision.reason, **held.ids())
        return decision

    def _send(self, held: Held, queued: QueuedEmail, visible_in_s: float) -> Decision:
        # The lease ends before others can receive the message: they shall find it free.
        return self._outbox.send(held, queued, lease_s=visible_in_s - self._margin_s)

    def _give_back(
        self, run: GroupRun, left: list[tuple[Held, str, str]], visibility_s: int | None
    ) -> None:
        """Let messages appear again `visibility_s` seconds from now, all in one call."""
        handles = [held.message.receipt_handle for held, _, _ in reversed(left)]
        with run.lock:
            if visibility_s is not None and self._clock.now_s() < run.visible_at_s:
                try:
                    self._calls.change_visibility(handles, visibility_s)
                except QueueError as error:
                    # They come back by themselves, in order, when their visibility ends.
                    self._log.warning("release failed", code=error.code, messages=len(left))
            for held, event, reason in left:
                self._journal.write(event, held, reason)
            self._custody.drop(run, [held for held, _, _ in left])
