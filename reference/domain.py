"""What travels through the pipeline: an email, its id, and the message that carries it.

The same rules hold for what a sender posts and for what the worker takes off the queue,
because anybody with rights on the queue can write to it. What was written to or about people is
Pii (see pii.py), and models show no content in `repr` or in validation errors: a log line that
catches one by accident stays clean.

Rules beyond the types: no control characters in anything that becomes a header line (RFC 5322
2.2), ASCII local parts (Amazon SES takes no others), custom headers only as X-*.
"""

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from reference.errors import UnreadableMessageError
from reference.pii import MASK, REVEAL, Pii, PiiText, revealed_if_asked

RECIPIENTS_MAX = 50  # Amazon SES, service quotas: recipients per message
LINE_LENGTH_MAX = 998  # RFC 5322 2.1.1
MAILBOX_LENGTH_MAX = 512  # an address has at most 254 characters; the rest is for the name
CUSTOM_HEADERS_MAX = 20
EMAIL_ID = re.compile(r"em_[0-9a-f]{32}")
# SQS accepts 1 to 128 of these in MessageGroupId (botocore's model of SendMessage).
MESSAGE_GROUP = re.compile(r"[!-~]{1,128}")

_HEADER_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TEXT_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# As people write it: the name quoted or not, in any script (RFC 5322 3.4 would quote more).
_NAME_AND_ADDRESS = re.compile(
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<>"]*))\s*<(?P<address>[^<>"\s]+)>'
)
_QUOTED_PAIR = re.compile(r"\\(.)")
_CUSTOM_HEADER = re.compile(r"[Xx]-[A-Za-z0-9][A-Za-z0-9-]{0,61}")
# They steer the provider's account (templates, sub-accounts, tracking), not the email.
_RESERVED_HEADERS = ("x-ses-", "x-smtpapi", "x-mailgun-", "x-msys-", "x-pm-", "x-mc-")


def email_id_for(tenant: str, idempotency_key: str | None) -> str:
    """The id of an email: the same for every repeat of one request, apart for each tenant.

    Never made of the content: two equal emails are two emails.
    """
    if idempotency_key is None:
        return f"em_{uuid.uuid4().hex}"
    digest = hashlib.sha256(f"{tenant}\0{idempotency_key}".encode())
    return f"em_{digest.hexdigest()[:32]}"


def unquoted(idempotency_key: str) -> str:
    """The key in a header's value (IETF draft: a quoted string; bare ones are common)."""
    is_quoted = len(idempotency_key) > 2 and idempotency_key[0] == idempotency_key[-1] == '"'
    return idempotency_key[1:-1] if is_quoted else idempotency_key


@dataclass(frozen=True, slots=True, repr=False)
class Mailbox:
    """An address, and perhaps the name that stands before it. Masked like the Pii in it."""

    address: Pii
    name: Pii

    def __repr__(self) -> str:
        return f"Mailbox({MASK})"

    def reveal(self) -> str:
        """As people write it, and as the queue's message holds it."""
        name, address = self.name.reveal(), self.address.reveal()
        return f'"{_quoted(name)}" <{address}>' if name else address


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _parse_mailbox(value: object) -> Mailbox:
    if isinstance(value, Mailbox):
        return value
    if not isinstance(value, str) or len(value) > MAILBOX_LENGTH_MAX:
        raise ValueError("not an address")
    if _HEADER_CONTROLS.search(value):
        raise ValueError("control characters in an address")
    name, address = "", value
    if value.endswith(">"):
        match = _NAME_AND_ADDRESS.fullmatch(value)
        if match is None:
            raise ValueError("not a name and an address")
        name = _QUOTED_PAIR.sub(r"\1", match["quoted"] or "") or match["plain"] or ""
        address = match["address"]
    try:
        parsed = validate_email(address, allow_smtputf8=False, check_deliverability=False)
    except EmailNotValidError:
        # Its text quotes the input, so it is replaced and not chained.
        raise ValueError("not an address") from None
    assert parsed.ascii_email is not None  # because SMTPUTF8 is not allowed
    return Mailbox(Pii(parsed.ascii_email), Pii(name.strip()))


def _header_line(value: str) -> str:
    if _HEADER_CONTROLS.search(value):
        raise ValueError("control characters in a header")
    return value


def _text(value: str) -> str:
    if _TEXT_CONTROLS.search(value):
        raise ValueError("control characters in a text")
    return value


def _custom_headers(headers: Mapping[str, Pii]) -> Mapping[str, Pii]:
    names = [name.lower() for name in headers]
    for name in names:
        if not _CUSTOM_HEADER.fullmatch(name) or name.startswith(_RESERVED_HEADERS):
            raise ValueError("not a custom header")
    if len(set(names)) < len(names):
        raise ValueError("the same header twice")
    return headers


AddressField = Annotated[
    Mailbox,
    PlainValidator(_parse_mailbox),
    PlainSerializer(revealed_if_asked, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["Ann Example <ann@example.com>"]}),
]
HeaderLine = Annotated[Pii, PiiText(_header_line, max_length=LINE_LENGTH_MAX)]
BodyText = Annotated[Pii, PiiText(_text, min_length=1)]
CustomHeaders = Annotated[
    dict[str, HeaderLine],
    Field(max_length=CUSTOM_HEADERS_MAX),
    AfterValidator(_custom_headers),
]
MessageGroup = Annotated[str, StringConstraints(strict=True, pattern=rf"^{MESSAGE_GROUP.pattern}$")]


class Discreet(BaseModel):
    """A frozen record whose content appears in no `repr` and in no validation error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True
    )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []


class Email(Discreet):
    """One email as its sender wrote it."""

    sender: AddressField = Field(alias="from")
    to: list[AddressField] = Field(min_length=1, max_length=RECIPIENTS_MAX)
    cc: list[AddressField] = Field(default=[], max_length=RECIPIENTS_MAX)
    bcc: list[AddressField] = Field(default=[], max_length=RECIPIENTS_MAX)
    reply_to: AddressField | None = None
    subject: HeaderLine
    text: BodyText | None = None
    html: BodyText | None = None
    headers: CustomHeaders = {}

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.text is None and self.html is None:
            raise ValueError("neither text nor html")
        if len(self.to) + len(self.cc) + len(self.bcc) > RECIPIENTS_MAX:
            raise ValueError("too many recipients")
        return self

    def recipients(self) -> list[Pii]:
        """Every address the email goes to, once each, in the order written."""
        everybody = (*self.to, *self.cc, *self.bcc)
        return list(dict.fromkeys(mailbox.address for mailbox in everybody))


class EmailRequest(Email):
    """The body of POST /v1/emails: an email, and how to treat it."""

    send_after: AwareDatetime | None = None
    message_group: MessageGroup | None = None


class GroupMarker(Discreet):
    """The body of a message that is no email: it follows the last of its group in this queue.

    Whoever receives it has seen what was sent before, because a FIFO queue keeps a group's order.
    See `reference.queues`.
    """

    version: Literal[1] = 1
    marker_id: str = Field(pattern=rf"^{EMAIL_ID.pattern}$")

    def to_body(self) -> str:
        return self.model_dump_json()

    @classmethod
    def id_in(cls, body: str) -> str | None:
        """None when the body is no marker."""
        try:
            return cls.model_validate_json(body).marker_id
        except ValidationError:
            return None


class QueuedEmail(Discreet):
    """The body of one SQS message."""

    version: Literal[1]
    email_id: str = Field(pattern=rf"^{EMAIL_ID.pattern}$")
    send_after: AwareDatetime | None = None
    email: Email

    def to_body(self) -> str:
        """JSON that is equal, byte for byte, for every repeat of the same request.

        SQS refuses U+FFFE and U+FFFF in a body; JSON can spell them in ASCII.
        """
        text = self.model_dump_json(by_alias=True, exclude_defaults=True, context=REVEAL)
        return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")

    @staticmethod
    def from_body(body: str) -> "QueuedEmail":
        """Raises UnreadableMessageError when the body is not such a message.

        Nor one of version 2: that is read as the message that the API would have made.
        """
        try:
            message = _MESSAGE.validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise UnreadableMessageError(f"unreadable message body: {first['type']}") from None
        return message if isinstance(message, QueuedEmail) else message.as_email()


class QueuedRequest(Discreet):
    """The body of a message without an API of ours: a sender's request, as it came.

    A mapping template of API Gateway cannot hash, so it passes on what the email's id is made of,
    and the reader makes it: the same as the API's, so that every repeat has the same body and id.
    """

    version: Literal[2]
    tenant: str = Field(min_length=1)
    idempotency_key: str = Field(min_length=1)
    request: EmailRequest

    def as_email(self) -> QueuedEmail:
        return QueuedEmail(
            version=1,
            email_id=email_id_for(self.tenant, unquoted(self.idempotency_key)),
            send_after=self.request.send_after,
            email=self.request,
        )


_MESSAGE: TypeAdapter[QueuedEmail | QueuedRequest] = TypeAdapter(
    Annotated[QueuedEmail | QueuedRequest, Field(discriminator="version")]
)
