"""Amazon SES API v2: SendEmail with raw or simple content.

Errors have their type in the x-amzn-errortype header, as AWS's REST JSON protocol has it. Source:
Amazon SES API v2 reference, API_SendEmail.html.
"""

import base64
import binascii
import uuid

from pydantic import Field, ValidationError

from reference.cloud.mail_sink.http_api import (
    Refused,
    Reply,
    Request,
    Tolerant,
    first_problem,
    json_reply,
)
from reference.cloud.mail_sink.mail import Mail, addresses, from_mime, from_texts

PATH = "/v2/email/outbound-emails"
RECIPIENTS_MAX = 50


class _Destination(Tolerant):
    ToAddresses: list[str] = Field(default=[])
    CcAddresses: list[str] = Field(default=[])
    BccAddresses: list[str] = Field(default=[])


class _Text(Tolerant):
    Data: str


class _Body(Tolerant):
    Text: _Text | None = None
    Html: _Text | None = None


class _Header(Tolerant):
    Name: str
    Value: str


class _Simple(Tolerant):
    Subject: _Text
    Body: _Body
    Headers: list[_Header] = Field(default=[])


class _Raw(Tolerant):
    Data: str


class _Content(Tolerant):
    Raw: _Raw | None = None
    Simple: _Simple | None = None


class _SendEmail(Tolerant):
    Content: _Content
    Destination: _Destination = Field(default=_Destination())
    FromEmailAddress: str | None = None
    EmailTags: list[_Header] = Field(default=[])


class SesApi:
    """See the module."""

    name = "ses"

    def serves(self, path: str) -> bool:
        return path == PATH

    def parse(self, request: Request, key_header: str) -> list[Mail]:
        if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
            raise Refused(
                _error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
            )
        try:
            asked = _SendEmail.model_validate_json(request.body)
        except ValidationError as error:
            raise _bad_request("{}: {}".format(*first_problem(error))) from None
        destination = asked.Destination
        recipients = addresses(
            [*destination.ToAddresses, *destination.CcAddresses, *destination.BccAddresses]
        )
        if len(recipients) > RECIPIENTS_MAX:
            raise _bad_request(f"Recipient count exceeds {RECIPIENTS_MAX}.")
        tags = [(tag.Name, tag.Value) for tag in asked.EmailTags]
        if asked.Content.Raw is not None:
            mail = from_mime(
                _decoded(asked.Content.Raw.Data),
                recipients=recipients,
                key_header=key_header,
                arguments=tags,
            )
        elif asked.Content.Simple is not None:
            if asked.FromEmailAddress is None:
                raise _bad_request("FromEmailAddress is required.")
            simple = asked.Content.Simple
            texts = [part.Data for part in (simple.Body.Text, simple.Body.Html) if part]
            mail = from_texts(
                texts,
                recipients=recipients,
                key_header=key_header,
                headers=[(header.Name, header.Value) for header in simple.Headers],
                arguments=tags,
                size_bytes=len(request.body),
            )
        else:
            raise _bad_request("Content must be Raw or Simple; this sink knows no templates.")
        if not mail.recipients:
            raise _bad_request("There are no recipients.")
        return [mail]

    def accepted(self) -> Reply:
        return json_reply(200, {"MessageId": f"{uuid.uuid4()}-000000"})

    def refusal(self, kind: str) -> Reply:
        match kind:
            case "throttle":
                return _error(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
            case "unavailable":
                return _error(503, "ServiceUnavailable", "Service is unavailable.")
        return _error(400, "MessageRejected", "The message was rejected.")

    def refused_recipient(self, address: str) -> Reply:
        return _error(400, "MessageRejected", f"Email address is not verified: {address}")


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise _bad_request("Content.Raw.Data: not base64") from None


def _bad_request(message: str) -> Refused:
    return Refused(_error(400, "BadRequestException", message))


def _error(status: int, kind: str, message: str) -> Reply:
    return json_reply(status, {"message": message}, {"x-amzn-errortype": kind})
