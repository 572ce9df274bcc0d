"""Mailgun: messages.mime of API v3.

Mailgun has no idempotency: its messages API documents no key for it, so a repeat is a second
email. The Message-ID is ours and the same for every repeat, which lets a mailbox that looks at it
show one; the variable `email_id` comes back in its events.

Sources: Mailgun documentation, api-reference/send/mailgun/messages and quickstart-guide/responses.
"""

import urllib3

from reference.clock import Clock
from reference.providers import mime
from reference.providers.base import Accepted, Outgoing
from reference.providers.https import HttpsApi


class MailgunProvider:
    """Sends from one domain of an account."""

    name = "mailgun"

    def __init__(
        self,
        url: str,
        *,
        account_domain: str,
        api_key: str,
        domain: str,
        timeout_s: float,
        connections_max: int,
        clock: Clock,
    ) -> None:
        """`account_domain` is Mailgun's, `domain` the right-hand side of every Message-ID."""
        self._path = f"/v3/{account_domain}/messages.mime"
        self._domain = domain
        self._clock = clock
        self._api = HttpsApi(
            url,
            headers=urllib3.make_headers(basic_auth=f"api:{api_key}"),
            timeout_s=timeout_s,
            connections_max=connections_max,
            clock=clock,
        )

    def send(self, outgoing: Outgoing) -> Accepted:
        content = mime.to_bytes(
            outgoing.email,
            email_id=outgoing.email_id,
            domain=self._domain,
            wall_s=self._clock.wall_s(),
        )
        body, content_type = urllib3.encode_multipart_formdata(
            [
                *(("to", recipient.reveal()) for recipient in outgoing.email.recipients()),
                ("v:email_id", outgoing.email_id),
                ("message", ("message.mime", content, "application/octet-stream")),
            ]
        )
        self._api.post(self._path, body, content_type)
        return Accepted(provider_id="")

    def close(self) -> None:
        self._api.close()
