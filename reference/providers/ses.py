"""Amazon SES: SendEmail of API v2, with the email as raw MIME.

SES has no idempotency: SendEmail takes no client token (botocore's model of sesv2), and it puts a
Message-ID of its own in place of ours (SES Developer Guide, header-fields.html), so a repeat is a
second email. The tag `email_id` lets its event stream be matched with the ledger.

Source of the errors: Amazon SES API v2 reference, SendEmail. A refusal of the account or of its
rate says nothing of the email, so another provider may have it.
"""

from typing import TYPE_CHECKING

from botocore import exceptions as boto

from reference import aws
from reference.clock import Clock
from reference.domain import Mailbox
from reference.errors import (
    ProviderError,
    outcome_unknown,
    permanent_refusal,
    transient_refusal,
)
from reference.providers import http_answers, mime
from reference.providers.base import Accepted, Outgoing

if TYPE_CHECKING:
    from mypy_boto3_sesv2.client import SESV2Client

CONNECT_TIMEOUT_S = 2.0
_NOT_THE_EMAILS_FAULT = aws.THROTTLES | {
    "AccountSuspendedException",
    "LimitExceededException",
    "MailFromDomainNotVerifiedException",
    "SendingPausedException",
}


class SesProvider:
    """Sends from one account and region."""

    name = "ses"

    def __init__(self, client: "SESV2Client", *, domain: str, clock: Clock) -> None:
        """`client` has retries off, see `connect`."""
        self._client = client
        self._domain = domain
        self._clock = clock

    def send(self, outgoing: Outgoing) -> Accepted:
        email = outgoing.email
        content = mime.to_bytes(
            email,
            email_id=outgoing.email_id,
            domain=self._domain,
            wall_s=self._clock.wall_s(),
        )
        try:
            answer = self._client.send_email(
                FromEmailAddress=email.sender.address.reveal(),
                Destination={
                    "ToAddresses": _addresses(email.to),
                    "CcAddresses": _addresses(email.cc),
                    "BccAddresses": _addresses(email.bcc),
                },
                Content={"Raw": {"Data": content}},
                EmailTags=[{"Name": "email_id", "Value": outgoing.email_id}],
            )
        except aws.ERRORS as error:
            raise classify(error) from None  # its text may quote an address
        if not answer.get("MessageId"):
            # botocore makes an empty answer of one that breaks off or is no JSON.
            raise outcome_unknown("IncompleteAnswer")
        return Accepted(answer["MessageId"])

    def close(self) -> None:
        self._client.close()


def connect(
    *, region: str, endpoint_url: str | None, timeout_s: float, connections_max: int
) -> "SESV2Client":
    """A client for all threads. Raises SettingsError."""
    client: SESV2Client = aws.make_client(
        "sesv2",
        region=region,
        endpoint_url=endpoint_url,
        connect_timeout_s=min(CONNECT_TIMEOUT_S, timeout_s),
        read_timeout_s=timeout_s,
        connections_max=connections_max,
    )
    return client


def classify(error: Exception) -> ProviderError:
    """What a botocore exception says of the email."""
    if isinstance(error, boto.ClientError):
        code, status = aws.code_and_status(error)
        if code in _NOT_THE_EMAILS_FAULT:
            return transient_refusal(code)
        return http_answers.refusal(status, code)
    code = type(error).__name__
    if isinstance(error, boto.ParamValidationError):
        return permanent_refusal(code)
    if isinstance(error, (*aws.NOT_SENT, *aws.NEVER_SENT)):
        return transient_refusal(code)
    return outcome_unknown(code)


def _addresses(mailboxes: list[Mailbox]) -> list[str]:
    return [mailbox.address.reveal() for mailbox in mailboxes]
