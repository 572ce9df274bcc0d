"""What API Gateway answers by itself.

Types and statuses: API Gateway Developer Guide, supported-gateway-response-types. The texts are
those seen in answers of AWS; the guide names only how to change them.
"""

from collections.abc import Mapping
from enum import Enum

import orjson

from reference.cloud.sqs.exchange import Reply

_JSON = b"application/json"


class GatewayResponse(Enum):
    """Type, status, text."""

    THROTTLED = (429, "Too Many Requests")
    MISSING_AUTHENTICATION_TOKEN = (403, "Missing Authentication Token")  # no such method, too
    INVALID_API_KEY = (403, "Forbidden")
    REQUEST_TOO_LARGE = (413, "HTTP content length exceeded 10485760 bytes.")
    UNSUPPORTED_MEDIA_TYPE = (415, "Unsupported Media Type")
    BAD_REQUEST_BODY = (400, "Invalid request body")
    INTEGRATION_TIMEOUT = (504, "Endpoint request timed out")
    INTEGRATION_FAILURE = (504, "Network error communicating with endpoint")
    API_CONFIGURATION_ERROR = (500, "Internal server error")

    def reply(self, request_id: str) -> Reply:
        status, text = self.value
        return json_reply(status, orjson.dumps({"message": text}), request_id)


class Refused(Exception):  # noqa: N818 - a decision, no error of ours
    """The integration has no say in this answer."""

    def __init__(self, response: GatewayResponse) -> None:
        super().__init__(response.name)
        self.response = response


def json_reply(
    status: int, body: bytes, request_id: str, headers: Mapping[str, str] | None = None
) -> Reply:
    """`headers`: more of them. Raises ValueError for one with a line break in it."""
    lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
    if any("\n" in line or "\r" in line for line in lines):
        raise ValueError("a line break in a header")
    more = "".join(f"{line}\r\n" for line in lines)
    head = b"content-type: %b\r\nx-amzn-requestid: %b\r\n%b" % (
        _JSON,
        request_id.encode(),
        more.encode("latin-1", "replace"),
    )
    return Reply(status, head, body)
