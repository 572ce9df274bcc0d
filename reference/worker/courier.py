"""One group's messages, in order: decide, send, delete; give back what could not be sent.

After a failure that may pass, nothing behind it is sent, or the group's order would break. All
that is left goes back in one call, after the deletes of what was sent, so that SQS sees neither
a gap nor a message out of turn. An email that was refused for good does not hold its group up:
it never leaves, so there is no order to keep, and every further receive would push the
innocent messages behind it towards the dead-letter queue as well.
"""

from collections.abc import Callable

from reference.clock import Clock
from reference.errors import QueueError
from reference.sqs_client import QueueReader
from reference.worker import decide
from reference.worker.clerk import Clerk
from reference.worker.custody import Custody, GroupRun, Held
from reference.worker.decide import Decision, Delete, LeaveForRedrive
from reference.worker.deletes import Deleter, Deletion
from reference.worker.outbox import Outbox
from reference.worker.record import WorkerJournal


class Courier(Clerk):
    """A clerk that delivers whole runs; several threads use one courier."""

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
        super().__init__(
            outbox=outbox,
            journal=journal,
            clock=clock,
            margin_s=margin_s,
            is_stopping=is_stopping,
        )
        self._calls = calls
        self._deleter = deleter
        self._custody = custody

    def deliver(self, run: GroupRun) -> None:
        """Deliver what can be delivered of a run, and give the rest back."""
        messages = list(run.messages)
        deletions: list[Deletion] = []
        left: list[tuple[Held, str, str]] = []  # with the journal's event and reason
        visibility_s: int | None = None  # None: leave them to expire
        for position, held in enumerate(messages):
            decision = self._handle(run, held)
            if isinstance(decision, Delete):
                deletions.append(self._deleter.submit(run, held, decision.reason))
                continue
            given_back = decide.giving_back(decision)
            visibility_s = given_back.visibility_s
            left.append((held, given_back.event, given_back.reason))
            if isinstance(decision, LeaveForRedrive):
                continue
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
        return self.handle(held, run.visible_at_s)

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
