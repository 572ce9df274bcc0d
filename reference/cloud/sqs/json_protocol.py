"""The AWS JSON 1.0 protocol.

Sources: DG sqs-json-api-responses.html; botocore's serializer and parser, which SDK users meet.
"""

import orjson

from reference.cloud.sqs.checks import shown
from reference.cloud.sqs.errors import SerializationException, SqsError, UnknownOperation
from reference.cloud.sqs.exchange import Reply, Request
from reference.cloud.sqs.shapes import ServiceModel
from reference.cloud.sqs.wire import Call, Params, reply

_CONTENT_TYPE = b"application/x-amz-json-1.0"
_TARGET_PREFIX = b"AmazonSQS."


class JsonProtocol:
    """Reads and writes AWS JSON 1.0."""

    def __init__(self, model: ServiceModel) -> None:
        self._by_target = {
            _TARGET_PREFIX + action.encode(): (action, reader)
            for action, reader in model.readers.items()
        }

    def parse(self, request: Request) -> Call:
        """Raises UnknownOperation, SerializationException or MissingParameter."""
        target = request.headers.get(b"x-amz-target", b"")
        known = self._by_target.get(target)
        if known is None:
            raise UnknownOperation(
                f"The action {shown(target.decode('latin-1')) or '(no X-Amz-Target header)'} is "
                "not valid for this endpoint."
            )
        try:
            params = orjson.loads(request.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise SerializationException(f"The request is not valid JSON: {error}") from error
        action, read = known
        return Call(action, read(params))

    def answer(self, call: Call, result: Params, request_id: str) -> Reply:
        del call
        return reply(200, _CONTENT_TYPE, orjson.dumps(result), request_id)

    def refusal(self, error: SqsError, request_id: str) -> Reply:
        body = {"__type": f"{error.namespace}#{error.shape}", "message": error.message}
        fault = "Sender" if error.is_sender_fault else "Receiver"
        more = f"x-amzn-query-error: {error.code};{fault}\r\n".encode()
        return reply(error.status, _CONTENT_TYPE, orjson.dumps(body), request_id, more)
