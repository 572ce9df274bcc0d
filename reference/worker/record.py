"""The worker's journal: one row a message and event.

A full disk must not stop the worker: what it has done stays done, written down or not, and what it
is about to do it does not do unless that is written down.
"""

import structlog

from reference.clock import Clock
from reference.journal import Journal
from reference.worker.custody import Held


class WorkerJournal:
    """Writes rows of the format documented in `reference.worker`."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._log = structlog.get_logger()

    def write(
        self,
        event: str,
        held: Held,
        reason: str = "",
        *,
        provider: str = "",
        definite: bool | None = None,
    ) -> None:
        """Write down what happened; a row that cannot be written is said in the log and lost."""
        try:
            self._write(event, held, reason, provider, definite)
        except OSError as error:
            self._log.error("journal row lost", row=event, errno=error.errno, **held.ids())

    def write_ahead(self, event: str, held: Held, *, provider: str) -> None:
        """Write down what is about to happen. Raises OSError: then it must not happen."""
        self._write(event, held, "", provider, None)

    def _write(
        self, event: str, held: Held, reason: str, provider: str, definite: bool | None
    ) -> None:
        self._journal.write(
            at_s=self._clock.now_s(),
            event=event,
            email_id=held.email_id,
            message_id=held.message.message_id,
            receive_count=held.message.receive_count,
            provider=provider or None,
            reason=reason or None,
            definite=definite,
        )
