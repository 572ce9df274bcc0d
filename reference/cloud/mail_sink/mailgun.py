"""Mailgun v3: messages from their parts, and messages.mime.

Source: Mailgun documentation, api-reference/send/mailgun/messages: 200 with id and message; h: are
headers, v: are variables of the sender's; 401 is plain text.
"""

import base64
import binascii
import re
import uuid
from urllib.parse import parse_qsl

from reference.cloud.mail_sink.http_api import Refused, Reply, Request, json_reply
from reference.cloud.mail_sink.mail import Fields, Mail, addresses, from_mime, from_texts

_PATH = re.compile(r"/v3/(?P<domain>[A-Za-z0-9.-]+)/messages(?P<mime>\.mime)?")
_BOUNDARY = re.compile(r'boundary="?([^";]{1,70})"?')
_PART_NAME = re.compile(r'(?:^|;)\s*name="([^"]*)"')


class MailgunApi:
    """See the module."""

    name = "mailgun"

    def serves(self, path: str) -> bool:
        return _PATH.fullmatch(path) is not None

    def parse(self, request: Request, key_header: str) -> list[Mail]:
        if not _has_api_key(request.headers.get("authorization", "")):
            raise Refused(Reply(401, b"Forbidden", {"content-type": "text/plain"}))
        path = _PATH.fullmatch(request.path)
        assert path is not None  # serves() said so
        fields = _form(request)
        recipients = addresses(value for name, value in fields if name in {"to", "cc", "bcc"})
        if not recipients:
            raise _bad_request("to parameter is missing")
        headers = _prefixed(fields, "h:")
        arguments = _prefixed(fields, "v:")
        if path["mime"]:
            message = next((value for name, value in fields if name == "message"), None)
            if message is None:
                raise _bad_request("message parameter is missing")
            mail = from_mime(
                message.encode("utf-8", "surrogateescape"),
                recipients=recipients,
                key_header=key_header,
                arguments=[*headers, *arguments],
            )
            return [mail]
        given = {name for name, value in fields if value}
        if "from" not in given:
            raise _bad_request("from parameter is missing")
        if not given & {"text", "html", "amp-html", "template"}:
            raise _bad_request("Need at least one of 'text', 'html', 'amp-html' or 'template'")
        mail = from_texts(
            [value for name, value in fields if name in {"text", "html"}],
            recipients=recipients,
            key_header=key_header,
            headers=headers,
            arguments=arguments,
            size_bytes=len(request.body),
        )
        return [mail]

    def accepted(self) -> Reply:
        return json_reply(
            200, {"id": f"<{uuid.uuid4().hex}@mail.example.com>", "message": "Queued. Thank you."}
        )

    def refusal(self, kind: str) -> Reply:
        match kind:
            case "throttle":
                return json_reply(429, {"message": "Too many requests"})
            case "unavailable":
                return json_reply(503, {"message": "Service unavailable"})
        return json_reply(400, {"message": "The message was refused"})

    def refused_recipient(self, address: str) -> Reply:
        return _bad_request(f"to parameter is not a valid address: {address}").reply


def _bad_request(message: str) -> Refused:
    return Refused(json_reply(400, {"message": message}))


def _has_api_key(authorization: str) -> bool:
    scheme, _, credentials = authorization.partition(" ")
    try:
        user = base64.b64decode(credentials, validate=True).partition(b":")[0]
    except binascii.Error:
        return False
    return scheme == "Basic" and user == b"api"


def _prefixed(fields: Fields, prefix: str) -> list[tuple[str, str]]:
    return [(name[len(prefix) :], value) for name, value in fields if name.startswith(prefix)]


def _form(request: Request) -> list[tuple[str, str]]:
    """Names and values of either kind of form; bytes that are no UTF-8 are kept as surrogates."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return parse_qsl(request.body.decode("utf-8", "surrogateescape"), keep_blank_values=True)
    boundary = _BOUNDARY.search(kind)
    if not kind.startswith("multipart/form-data") or boundary is None:
        raise _bad_request("neither multipart/form-data nor application/x-www-form-urlencoded")
    return _parts(request.body, b"--" + boundary[1].encode())


def _parts(body: bytes, delimiter: bytes) -> list[tuple[str, str]]:
    """RFC 7578: each part is a head with its name, a blank line, and its value."""
    fields = []
    for part in (b"\r\n" + body).split(b"\r\n" + delimiter)[1:]:
        if part.startswith(b"--"):
            break
        head, _, value = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head.decode("utf-8", "replace"))
        if name is not None:
            fields.append((name[1], value.decode("utf-8", "surrogateescape")))
    return fields
