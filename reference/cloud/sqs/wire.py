"""What the protocols of SQS have in common: a request becomes a call, an answer a reply.

`json_protocol.py` is AWS JSON 1.0, which SDKs speak today; `query_protocol.py` is the older form
encoding with XML answers, which older SDKs and API Gateway integrations speak.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit

from reference.cloud.sqs.errors import SqsError
from reference.cloud.sqs.exchange import Reply, Request
from reference.cloud.sqs.ordering import Draw

Params = dict[str, Any]

_URL_LENGTH_MAX = 2_048  # no host and path of a queue are as long; what is looked up is remembered


@dataclass(slots=True)
class Call:
    """What a client asks for, checked against the service model; nobody changes it."""

    action: str
    params: Params
    draw: Draw | None = None  # of a receive: a fault wants it out of order

    @property
    def queue_name(self) -> str | None:
        """The name in the QueueUrl, whether or not there is such a queue; "" when it has none."""
        url = self.params.get("QueueUrl")
        return None if url is None else queue_name_of(url)


def queue_name_of(url: str) -> str:
    """The queue that a URL names: the end of its path, whatever query follows; "" when none."""
    return _name_in(url) if len(url) <= _URL_LENGTH_MAX else ""


@lru_cache(maxsize=1024)  # a client names the same few queues all the time
def _name_in(url: str) -> str:
    try:
        return urlsplit(url).path.rpartition("/")[2] if "/" in url else ""
    except ValueError:  # brackets in the host
        return ""


class WireProtocol(Protocol):
    """One way of writing requests and answers."""

    def parse(self, request: Request) -> Call:
        """Raises SqsError when the request asks for nothing that SQS does."""
        ...

    def answer(self, call: Call, result: Params, request_id: str) -> Reply: ...

    def refusal(self, error: SqsError, request_id: str) -> Reply: ...


def reply(
    status: int, content_type: bytes, body: bytes, request_id: str, more: bytes = b""
) -> Reply:
    """`more`: further header lines, each with its line end."""
    head = b"content-type: %b\r\nx-amzn-requestid: %b\r\n%b" % (
        content_type,
        request_id.encode(),
        more,
    )
    return Reply(status, head, body)
