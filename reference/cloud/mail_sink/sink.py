"""The end of every way in: an email meets a fault or a refusal, or is journalled."""

import re
from collections.abc import Sequence

from reference.clock import Clock
from reference.cloud.mail_sink.faults import Fault, ProviderFaults
from reference.cloud.mail_sink.mail import Mail
from reference.journal import Journal


class Sink:
    """What SMTP and the HTTP APIs share."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        faults: ProviderFaults,
        *,
        correlation_header: str,
        refused: re.Pattern[str] | None = None,
    ) -> None:
        """Recipients in which `refused` is found are refused."""
        self._journal = journal
        self._clock = clock
        self._refused = refused
        self.faults = faults
        self.key_header = correlation_header

    def refused_among(self, recipients: Sequence[str]) -> str | None:
        """The first recipient that is refused for good."""
        if self._refused is None:
            return None
        return next((each for each in recipients if self._refused.search(each)), None)

    def accept(self, provider: str, mails: Sequence[Mail]) -> None:
        """Journal emails. Raises OSError when that cannot be done; then they are not accepted."""
        for mail in mails:
            self._journal.write(
                at_s=self._clock.now_s(),
                email_id=mail.email_id,
                key=mail.key,
                provider=provider,
                recipients_sha256=mail.recipients_sha256(),
                size_bytes=mail.size_bytes,
                body_sha256=mail.body_sha256,
            )

    def fired(self, fault: Fault, provider: str, mails: Sequence[Mail], *, stored: bool) -> None:
        """Journal that a fault met emails, after `accept` if they were accepted."""
        ids = [mail.email_id for mail in mails]
        self.faults.fired(fault, provider, stored=stored, ids=ids)
