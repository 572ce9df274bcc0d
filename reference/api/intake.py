"""Taking an email in: who sends it, under which key, is it one, and has the queue confirmed it?

All that the API promises is decided here; `app.py` puts HTTP around it.
"""

from typing import NamedTuple

from starlette.datastructures import Headers

from reference.api import problems, requests
from reference.api.auth import ApiKeys
from reference.api.batching import LINE_FULL
from reference.api.key_use import Claim, KeyUse
from reference.api.sending import QueueSender, SendFailedError
from reference.clock import Clock
from reference.domain import QueuedEmail, email_id_for


class Caller(NamedTuple):
    """Whose request it is, and the id of its email."""

    tenant: str
    has_key: bool  # else every repeat is another email
    email_id: str


class Intake:
    """One process's."""

    def __init__(
        self,
        sender: QueueSender,
        keys: ApiKeys,
        clock: Clock,
        *,
        message_bytes_max: int,
        retry_after_s: int,
        busy_retry_after_s: int,
    ) -> None:
        self._sender = sender
        self._keys = keys
        self._clock = clock
        self._uses = KeyUse(clock)
        self._message_bytes_max = message_bytes_max
        self._retry_after_s = retry_after_s
        self._busy_retry_after_s = busy_retry_after_s

    def check_room(self) -> None:
        """Raises Problem when it would be refused anyway, before any work is done for it."""
        if self._sender.is_full:
            raise problems.busy(self._busy_retry_after_s)

    def identify(self, headers: Headers) -> Caller:
        """Raises Problem when the caller has no valid API key, or its idempotency key is none."""
        tenant = self._keys.tenant_of(headers.get("authorization"))
        if tenant is None:
            raise problems.unauthorised()
        key = requests.idempotency_key(headers)
        return Caller(tenant, key is not None, email_id_for(tenant, key))

    async def accept(self, caller: Caller, headers: Headers, raw: bytes) -> None:
        """Return once the queue has confirmed the email. Raises Problem."""
        email_id = caller.email_id
        email = requests.parse_email(raw, wall_s=self._clock.wall_s())
        group = requests.message_group(headers, email, tenant=caller.tenant, email_id=email_id)
        queued = QueuedEmail(version=1, email_id=email_id, send_after=email.send_after, email=email)
        body = queued.to_body()
        if len(body.encode()) > self._message_bytes_max:
            raise problems.too_large("The email as a queue message", self._message_bytes_max)
        claim = self._uses.claim(email_id, body=body, group=group)
        if claim is Claim.TAKEN:
            raise problems.key_reused()
        try:
            await self._sender.send(body=body, group=group, email_id=email_id)
        except SendFailedError as error:
            if error.is_definite:
                if claim is Claim.NEW:
                    self._uses.give_up(email_id)
                if error.code == LINE_FULL:
                    raise problems.busy(self._busy_retry_after_s) from None
                raise problems.not_sent(self._retry_after_s) from None
            raise problems.outcome_unknown(has_key=caller.has_key) from None
