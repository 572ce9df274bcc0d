"""SendGrid v3 Mail Send: one email for each personalization.

Source: Twilio SendGrid docs, api-reference/mail-send: 202 with an X-Message-Id and no body; errors
as a list of message, field and help; an address may stand once among to, cc and bcc.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from reference.cloud.mail_sink.http_api import (
    Refused,
    Reply,
    Request,
    Tolerant,
    first_problem,
    json_reply,
    pairs,
)
from reference.cloud.mail_sink.mail import Mail, from_texts

PATH = "/v3/mail/send"


class _Address(Tolerant):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")


class _Personalization(Tolerant):
    to: list[_Address] = Field(min_length=1)
    cc: list[_Address] = Field(default=[])
    bcc: list[_Address] = Field(default=[])
    subject: str | None = None
    headers: dict[str, str] = Field(default={})
    custom_args: dict[str, Any] = Field(default={})


class _Content(Tolerant):
    type: str = Field(min_length=1)
    value: str = Field(min_length=1)


class _MailSend(Tolerant):
    personalizations: list[_Personalization] = Field(min_length=1, max_length=1_000)
    sender: _Address = Field(alias="from")
    subject: str | None = None
    content: list[_Content] = Field(min_length=1)
    headers: dict[str, str] = Field(default={})
    custom_args: dict[str, Any] = Field(default={})


class SendGridApi:
    """See the module."""

    name = "sendgrid"

    def serves(self, path: str) -> bool:
        return path == PATH

    def parse(self, request: Request, key_header: str) -> list[Mail]:
        if not request.headers.get("authorization", "").startswith("Bearer "):
            message = "The provided authorization grant is invalid, expired, or revoked"
            raise Refused(_errors(401, message))
        try:
            asked = _MailSend.model_validate_json(request.body)
        except ValidationError as error:
            field, problem = first_problem(error)
            raise Refused(_errors(400, problem, field)) from None
        return [
            self._mail(asked, part, f"personalizations.{place}", request, key_header)
            for place, part in enumerate(asked.personalizations)
        ]

    def accepted(self) -> Reply:
        return Reply(202, headers={"x-message-id": uuid.uuid4().hex})

    def refusal(self, kind: str) -> Reply:
        match kind:
            case "throttle":
                return _errors(429, "too many requests")
            case "unavailable":
                return _errors(503, "service unavailable")
        return _errors(400, "The message was refused.")

    def refused_recipient(self, address: str) -> Reply:
        message = f"Does not contain a valid address: {address}"
        return _errors(400, message, "personalizations.0.to.0.email")

    def _mail(
        self,
        asked: _MailSend,
        part: _Personalization,
        field: str,
        request: Request,
        key_header: str,
    ) -> Mail:
        if not (part.subject or asked.subject):
            raise Refused(_errors(400, "The subject is required.", "subject"))
        recipients = [each.email for each in (*part.to, *part.cc, *part.bcc)]
        if len({each.lower() for each in recipients}) < len(recipients):
            message = "Each email address in the personalization block should be unique"
            raise Refused(_errors(400, message, field))
        return from_texts(
            [content.value for content in asked.content],
            recipients=recipients,
            key_header=key_header,
            headers=pairs(part.headers) + pairs(asked.headers),
            arguments=pairs(part.custom_args) + pairs(asked.custom_args),
            size_bytes=len(request.body),
        )


def _errors(status: int, message: str, field: str | None = None) -> Reply:
    errors: list[Mapping[str, Any]] = [{"message": message, "field": field, "help": None}]
    return json_reply(status, {"errors": errors})
