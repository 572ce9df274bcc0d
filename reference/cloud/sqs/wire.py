"""The AWS JSON 1.0 protocol: bytes of a request to a call, an answer or error to bytes.

Sources: DG sqs-json-api-responses.html; botocore's serializer and parser, which SDK users meet.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from reference.cloud.sqs.checks import shown
from reference.cloud.sqs.errors import SerializationException, SqsError, UnknownOperation
from reference.cloud.sqs.shapes import Reader

CONTENT_TYPE = b"application/x-amz-json-1.0"
_TARGET_PREFIX = b"AmazonSQS."

Header = tuple[bytes, bytes]


class Call(NamedTuple):
    """What a client asks for, checked against the service model."""

    action: str
    params: dict[str, Any]

    @property
    def queue_name(self) -> str | None:
        """The name in the QueueUrl, whether or not there is such a queue."""
        url: str | None = self.params.get("QueueUrl")
        return None if url is None else url.rpartition("/")[2]


class Reply(NamedTuple):
    status: int
    headers: list[Header]
    body: bytes


def parse(headers: Mapping[bytes, bytes], body: bytes, readers: Mapping[str, Reader]) -> Call:
    """Raises UnknownOperation, SerializationException or MissingParameter."""
    target = headers.get(b"x-amz-target", b"")
    action = target.removeprefix(_TARGET_PREFIX).decode("latin-1")
    reader = readers.get(action) if target.startswith(_TARGET_PREFIX) else None
    if reader is None:
        raise UnknownOperation(
            f"The action {shown(target.decode('latin-1')) or '(no X-Amz-Target header)'} is not "
            "valid for this endpoint."
        )
    try:
        params = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise SerializationException(f"The request is not valid JSON: {error}") from error
    return Call(action, reader(params))


def answer(params: dict[str, Any], request_id: str) -> Reply:
    return _reply(200, orjson.dumps(params), request_id, [])


def refusal(error: SqsError, request_id: str) -> Reply:
    body = orjson.dumps({"__type": f"{error.namespace}#{error.shape}", "message": error.message})
    fault = "Sender" if error.is_sender_fault else "Receiver"
    return _reply(
        error.status,
        body,
        request_id,
        [(b"x-amzn-query-error", f"{error.code};{fault}".encode())],
    )


def _reply(status: int, body: bytes, request_id: str, more: list[Header]) -> Reply:
    headers = [
        (b"content-type", CONTENT_TYPE),
        (b"content-length", b"%d" % len(body)),
        (b"x-amzn-requestid", request_id.encode()),
        *more,
    ]
    return Reply(status, headers, body)
