"""SendGrid: Mail Send of API v3.

SendGrid has no idempotency: Mail Send documents no key for it, and its engineers say that every
post is sent, so a repeat is a second email. The Message-ID is ours and the same for every repeat,
which lets a mailbox that looks at it show one; the custom argument `email_id` comes back in event
webhooks.

Sources: Twilio SendGrid docs, api-reference/mail-send and its page of errors: an address may
stand once among to, cc and bcc; 202 is the only success. An empty subject is refused (400).
"""

from collections.abc import Iterable
from typing import Any

import orjson

from reference.clock import Clock
from reference.domain import Email, Mailbox
from reference.providers.base import Accepted, Outgoing
from reference.providers.https import HttpsApi

PATH = "/v3/mail/send"


class SendGridProvider:
    """Sends from one account."""

    name = "sendgrid"

    def __init__(
        self,
        url: str,
        *,
        api_key: str,
        domain: str,
        timeout_s: float,
        connections_max: int,
        clock: Clock,
    ) -> None:
        """`domain` is the right-hand side of every Message-ID."""
        self._domain = domain
        self._api = HttpsApi(
            url,
            headers={"authorization": f"Bearer {api_key}", "accept": "application/json"},
            timeout_s=timeout_s,
            connections_max=connections_max,
            clock=clock,
        )

    def send(self, outgoing: Outgoing) -> Accepted:
        message_id = f"<{outgoing.email_id}@{self._domain}>"
        mail = _mail(outgoing.email, email_id=outgoing.email_id, message_id=message_id)
        self._api.post(PATH, orjson.dumps(mail), "application/json")
        return Accepted(provider_id="")

    def close(self) -> None:
        self._api.close()


def _mail(email: Email, *, email_id: str, message_id: str) -> dict[str, Any]:
    texts = (("text/plain", email.text), ("text/html", email.html))
    mail: dict[str, Any] = {
        "personalizations": [_recipients(email)],
        "from": _person(email.sender),
        "subject": email.subject.reveal(),
        "content": [
            {"type": kind, "value": text.reveal()} for kind, text in texts if text is not None
        ],
        "headers": {
            **{name: value.reveal() for name, value in email.headers.items()},
            "Message-ID": message_id,
        },
        "custom_args": {"email_id": email_id},
    }
    if email.reply_to is not None:
        mail["reply_to"] = _person(email.reply_to)
    return mail


def _recipients(email: Email) -> dict[str, list[dict[str, str]]]:
    """Each address once, where it is first named."""
    seen: set[str] = set()

    def new(mailboxes: Iterable[Mailbox]) -> list[dict[str, str]]:
        people = []
        for mailbox in mailboxes:
            address = mailbox.address.reveal().lower()
            if address not in seen:
                seen.add(address)
                people.append(_person(mailbox))
        return people

    fields = {name: new(getattr(email, name)) for name in ("to", "cc", "bcc")}
    return {name: people for name, people in fields.items() if people}


def _person(mailbox: Mailbox) -> dict[str, str]:
    person = {"email": mailbox.address.reveal()}
    if name := mailbox.name.reveal():
        person["name"] = name
    return person
