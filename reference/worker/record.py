"""The worker's journal: one row a message and event."""

from reference.clock import Clock
from reference.journal import Journal
from reference.worker.custody import Held


class WorkerJournal:
    """Writes rows of the format documented in `reference.worker`."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def write(
        self,
        event: str,
        held: Held,
        reason: str = "",
        *,
        provider: str = "",
        definite: bool | None = None,
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
