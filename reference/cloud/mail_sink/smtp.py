"""The sink's SMTP: any sender, no authentication, as a relay inside a network.

An outage cuts the connection at MAIL, where the sender can still tell that nothing was sent. All
other faults answer the end of the text, when it is known which email they meet.
"""

import asyncio
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from reference.cloud.mail_sink.faults import Failing, Fault, Slow
from reference.cloud.mail_sink.mail import Mail, from_mime
from reference.cloud.mail_sink.sink import Sink

SIZE_BYTES_MAX = 40 * 1024 * 1024  # Amazon SES takes 40 MB; what fits into SQS is far below
IDLE_TIMEOUT_S = 300.0  # RFC 5321 4.5.3.2.7: at least 5 minutes
NAME = "smtp"
REFUSALS = {
    "throttle": "450 4.2.1 too many emails, try again later",
    "unavailable": "421 4.3.2 service not available, closing transmission channel",
    "reject": "550 5.7.1 <{recipient}>: email refused",
}


class SmtpHandler:
    """Answers for aiosmtpd, in one session."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._fault: Fault | None = None  # of the email in transfer

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        # Decided once an email, here already, because an outage leaves no later moment.
        del session
        self._fault = fault = self._sink.faults.decide(NAME)
        if isinstance(fault, Failing) and fault.kind == "outage":
            self._sink.fired(fault, NAME, [], stored=False)
            _transport(server).abort()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if self._sink.refused_among([address]):
            return f"550 5.1.1 <{address}>: no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient fine"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)  # decode_data is off
        mail = from_mime(content, recipients=envelope.rcpt_tos, key_header=self._sink.key_header)
        del session
        try:
            return await self._answer(server, mail, self._fault)
        except OSError:
            # Half a row may be on the disk, but no sender was told that this email arrived.
            return "452 4.3.1 insufficient system storage"

    async def _answer(self, server: SMTP, mail: Mail, fault: Fault | None) -> str:
        if fault is not None and fault.kind in REFUSALS:
            self._sink.fired(fault, NAME, [mail], stored=False)
            if fault.kind == "unavailable":
                # Once the answer is written, which happens before the loop turns.
                asyncio.get_running_loop().call_soon(_transport(server).close)
            # As many relays do, it names whom the email was for.
            return REFUSALS[fault.kind].format(recipient=mail.recipients[0])
        self._sink.accept(NAME, [mail])
        if fault is not None:
            self._sink.fired(fault, NAME, [mail], stored=True)
            if isinstance(fault, Slow):
                await asyncio.sleep(fault.delay_s)
            else:
                _transport(server).abort()
        return "250 2.0.0 accepted"


def _transport(server: SMTP) -> asyncio.Transport:
    """Of a connection that lasts. What is answered after an abort goes nowhere."""
    return cast(asyncio.Transport, server.transport)


def session_of(sink: Sink, loop: asyncio.AbstractEventLoop) -> SMTP:
    """The protocol of one connection."""
    # hostname: without it aiosmtpd asks DNS for this machine's name.
    return SMTP(
        SmtpHandler(sink),
        data_size_limit=SIZE_BYTES_MAX,
        hostname="localhost",
        timeout=IDLE_TIMEOUT_S,
        loop=loop,
    )
