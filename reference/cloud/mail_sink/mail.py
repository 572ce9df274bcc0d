"""What the sink keeps of an email, whichever way it came."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses

_FOLD = re.compile(rb"\r?\n[ \t]+")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
EMAIL_ID_ARGUMENT = "email_id"  # how a custom argument or tag of an API is named

Fields = Sequence[tuple[str, str]]  # names and values of headers or arguments


@dataclass(frozen=True, slots=True)
class Mail:
    """One email, without a word of it."""

    email_id: str
    key: str | None
    recipients: tuple[str, ...]
    size_bytes: int
    body_sha256: str

    def recipients_sha256(self) -> str:
        lines = "\n".join(sorted(address.lower() for address in self.recipients))
        return hashlib.sha256(lines.encode()).hexdigest()


def from_mime(
    content: bytes, *, recipients: Sequence[str] = (), key_header: str, arguments: Fields = ()
) -> Mail:
    """An email as the bytes that travel. Without recipients, those of its header count."""
    parts = _BLANK_LINE.split(content, maxsplit=1)
    head = _FOLD.sub(b" ", parts[0])
    body = parts[1] if len(parts) > 1 else b""

    def header(name: str) -> str | None:
        return _header(head, name)

    if not recipients:
        recipients = addresses(filter(None, map(header, ("To", "Cc", "Bcc"))))
    message_id = header("Message-ID")
    return Mail(
        email_id=_email_id(message_id, arguments),
        key=_decoded(header(key_header)) or _value(arguments, key_header),
        recipients=tuple(recipients),
        size_bytes=len(content),
        body_sha256=hashlib.sha256(body).hexdigest(),
    )


def from_texts(
    texts: Sequence[str],
    *,
    recipients: Sequence[str],
    key_header: str,
    headers: Fields,
    arguments: Fields,
    size_bytes: int,
) -> Mail:
    """An email whose header and body the provider writes itself."""
    return Mail(
        email_id=_email_id(_value(headers, "Message-ID"), arguments),
        key=_value(headers, key_header) or _value(arguments, key_header),
        recipients=tuple(recipients),
        size_bytes=size_bytes,
        body_sha256=hashlib.sha256("\n".join(texts).encode()).hexdigest(),
    )


def addresses(values: Iterable[str]) -> list[str]:
    """The bare addresses in `Name <address>, address` lists."""
    return [address for _, address in getaddresses(list(values)) if address]


def _email_id(message_id: str | None, arguments: Fields) -> str:
    if message_id is None:
        return _value(arguments, EMAIL_ID_ARGUMENT) or ""
    return message_id.strip("<>").partition("@")[0]


def _decoded(value: str | None) -> str | None:
    """A header's text: a word too long to fold travels as encoded words (RFC 2047)."""
    if value is None or "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError):
        return value


def _value(fields: Fields, name: str) -> str | None:
    wanted = name.lower()
    return next((value for each, value in fields if each.lower() == wanted), None)


def _header(head: bytes, name: str) -> str | None:
    """The first such header's value; `head` is unfolded."""
    pattern = rb"^" + re.escape(name.encode()) + rb":[ \t]*(.*)$"
    match = re.search(pattern, head, re.IGNORECASE | re.MULTILINE)
    return None if match is None else match[1].decode("utf-8", "replace").strip()
