"""SMTP: any mail relay, and the sink of this repository.

Connections are kept and reused, one for each thread that sends at the same time. Up to the
closing dot of DATA nothing has been sent, so every failure before it is definite; once the dot
is out, only the relay's answer tells (RFC 5321 4.2.5, RFC 1047).

An email is refused as a whole when one of its recipients is refused for good: nothing partly
sent can be sent twice, and an operator finds it in the dead-letter queue.

SMTP has no idempotency: a relay takes a second email with the same Message-ID (RFC 1047 describes
the duplicates that follow), so a repeat is a second email. The Message-ID is the same for every
repeat, which lets a mailbox that looks at it show one.
"""

import smtplib
from collections import deque

from reference.clock import Clock
from reference.errors import (
    ProviderError,
    outcome_unknown,
    permanent_refusal,
    transient_refusal,
)
from reference.providers import mime
from reference.providers.base import Accepted, Outgoing


class SmtpProvider:
    """Sends through one relay."""

    name = "smtp"

    def __init__(
        self, host: str, port: int, *, domain: str, timeout_s: float, clock: Clock
    ) -> None:
        """`domain` is the right-hand side of every Message-ID."""
        self._host, self._port = host, port
        self._domain = domain
        self._timeout_s = timeout_s
        self._clock = clock
        self._idle: deque[smtplib.SMTP] = deque()

    def send(self, outgoing: Outgoing) -> Accepted:
        content = mime.to_bytes(
            outgoing.email,
            email_id=outgoing.email_id,
            domain=self._domain,
            wall_s=self._clock.wall_s(),
        )
        sender, recipients = outgoing.email.sender.address, outgoing.email.recipients()
        connection = self._open_transaction(sender.reveal(), len(content))
        try:
            for recipient in recipients:
                _expect(connection.rcpt(recipient.reveal()), 250, 251)
            answer = _hand_over(connection, content)
        except ProviderError as error:
            if error.is_definite:
                self._reset_and_give_back(connection)
            else:
                connection.close()
            raise
        except (smtplib.SMTPException, OSError) as error:
            connection.close()
            raise transient_refusal(type(error).__name__) from None
        self._idle.append(connection)
        return answer

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _open_transaction(self, sender: str, size_bytes: int) -> smtplib.SMTP:
        """A connection on which MAIL FROM was accepted.

        The relay may have closed an idle connection; that shows at the first command, and
        then the next one is tried, a new one last.
        """
        while True:
            connection, is_new = self._borrow()
            try:
                options = [f"size={size_bytes}"] if connection.has_extn("size") else []
                _expect(connection.mail(sender, options), 250)
            except ProviderError:
                self._reset_and_give_back(connection)
                raise
            except (smtplib.SMTPException, OSError) as error:
                connection.close()
                if is_new:
                    raise transient_refusal(type(error).__name__) from None
            else:
                return connection

    def _borrow(self) -> tuple[smtplib.SMTP, bool]:
        try:
            return self._idle.pop(), False
        except IndexError:
            pass
        try:
            # local_hostname: without it smtplib asks DNS for this machine's name.
            connection = smtplib.SMTP(
                self._host, self._port, local_hostname="localhost", timeout=self._timeout_s
            )
            connection.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError) as error:
            raise transient_refusal(type(error).__name__) from None
        return connection, True

    def _reset_and_give_back(self, connection: smtplib.SMTP) -> None:
        try:
            _expect(connection.rset(), 250)
        except (ProviderError, smtplib.SMTPException, OSError):
            connection.close()
        else:
            self._idle.append(connection)


def _hand_over(connection: smtplib.SMTP, content: bytes) -> Accepted:
    try:
        code, _ = connection.data(content)
    except smtplib.SMTPDataError as error:
        raise _refusal(error.smtp_code) from None  # DATA itself was refused
    except (smtplib.SMTPException, OSError) as error:
        raise outcome_unknown(type(error).__name__) from None
    _expect((code, b""), 250)
    # The relay's text is free form and may quote a recipient, so no id is taken from it.
    return Accepted(provider_id="")


def _expect(reply: tuple[int, bytes], *wanted: int) -> None:
    code, _ = reply
    if code not in wanted:
        raise _refusal(code)


def _refusal(code: int) -> ProviderError:
    """RFC 5321 4.2.1: 5yz is permanent, all else may be tried again."""
    return permanent_refusal(str(code)) if 500 <= code < 600 else transient_refusal(str(code))
