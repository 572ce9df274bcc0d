"""One message in hand: decide what becomes of it, and send its email if that is the decision."""

from collections.abc import Callable

import structlog

from reference.clock import Clock
from reference.domain import QueuedEmail
from reference.worker import decide
from reference.worker.custody import Held
from reference.worker.decide import Decision, LeaveForRedrive, Send
from reference.worker.outbox import Outbox
from reference.worker.record import WorkerJournal


class Clerk:
    """Handles messages one by one; several threads use one clerk."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        journal: WorkerJournal,
        clock: Clock,
        margin_s: float,
        is_stopping: Callable[[], bool],
    ) -> None:
        """`margin_s`: with no more visibility left than this, a message is not sent."""
        self._outbox = outbox
        self._journal = journal
        self._clock = clock
        self._margin_s = margin_s
        self._is_stopping = is_stopping
        self._log = structlog.get_logger()

    def handle(self, held: Held, visible_at_s: float) -> Decision:
        """`visible_at_s`: monotonic; from then on others may receive the message."""
        visible_in_s = visible_at_s - self._clock.now_s()
        decision = decide.before_send(
            held.email,
            is_marker=held.marker_id is not None,
            receive_count=held.message.receive_count,
            visible_in_s=visible_in_s,
            margin_s=self._margin_s,
            wall_s=self._clock.wall_s(),
            is_stopping=self._is_stopping(),
        )
        if isinstance(decision, Send):
            if held.marker_id is not None:
                return self._outbox.pass_marker(held, held.marker_id)
            assert held.email is not None
            return self._send(held, held.email, visible_in_s)
        if isinstance(decision, LeaveForRedrive):
            self._journal.write("failed", held, decision.reason)
            self._log.error("email cannot be sent", reason=decision.reason, **held.ids())
        return decision

    def _send(self, held: Held, queued: QueuedEmail, visible_in_s: float) -> Decision:
        # The lease ends before others can receive the message: they shall find it free.
        return self._outbox.send(held, queued, lease_s=visible_in_s - self._margin_s)
