"""The Query protocol: form fields in, XML out, or JSON for who accepts that.

Lists and maps are numbered fields (`Attribute.1.Name`), named by the table below; the queue may
be named by the path instead of a field. Source: API Reference of version 2012-11-05, whose
examples show every name. The JSON form is what API Gateway's AWS integrations get, which is where
it is seen: `{"SendMessageResponse":{"ResponseMetadata":{...},"SendMessageResult":{...}}}` in AWS's
own samples (serverless-patterns, apigw-sqs), `{"Error":{"Code":...},"RequestId":...}` in reports of
refusals. Members that AWS shows as null are left out, which no JSONPath can tell apart.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import orjson

from reference.cloud.sqs.checks import shown
from reference.cloud.sqs.errors import (
    QueueDoesNotExist,
    SerializationException,
    SqsError,
    UnknownOperation,
)
from reference.cloud.sqs.exchange import Reply, Request
from reference.cloud.sqs.shapes import ServiceModel, Shape
from reference.cloud.sqs.wire import Call, Params, reply

FORM = b"application/x-www-form-urlencoded"
_CONTENT_TYPE = b"text/xml"
_JSON = b"application/json"
_NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIELDS_MAX = 2_000  # the largest batch with all its attributes has fewer
# The deepest is SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringListValue.1.
_DEPTH_MAX = 8
_INDEX = re.compile(r"[0-9]{1,9}")

_NAMES = {
    "AWSAccountIds": "AWSAccountId",
    "Actions": "ActionName",
    "AttributeNames": "AttributeName",
    "Attributes": "Attribute",
    "Failed": "BatchResultErrorEntry",
    "MessageAttributeNames": "MessageAttributeName",
    "MessageAttributes": "MessageAttribute",
    "MessageSystemAttributeNames": "MessageSystemAttributeName",
    "MessageSystemAttributes": "MessageSystemAttribute",
    "Messages": "Message",
    "QueueUrls": "QueueUrl",
    "Results": "ListMessageMoveTasksResultEntry",
    "TagKeys": "TagKey",
    "Tags": "Tag",
    "queueUrls": "QueueUrl",
    "tags": "Tag",
}


def _name(member: str, action: str) -> str:
    if member == "Entries":
        return f"{action}RequestEntry"
    if member == "Successful":
        return f"{action}ResultEntry"
    return _NAMES.get(member, member)


def _entry_names(member_name: str) -> tuple[str, str]:
    return ("Key", "Value") if member_name == "Tag" else ("Name", "Value")


class QueryProtocol:
    """Reads forms and writes XML."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model

    def parse(self, request: Request) -> Call:
        """Raises UnknownOperation, SerializationException or MissingParameter."""
        text = request.query if request.method in {b"GET", b"HEAD"} else request.body
        try:
            fields = dict(
                parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
            )
        except ValueError as error:
            raise SerializationException(f"The request is no form in UTF-8: {error}") from error
        action = fields.pop("Action", "")
        if action not in self._model.readers:
            raise UnknownOperation(
                f"The action {shown(action) or '(none)'} is not valid for this endpoint."
            )
        params = _structure(_nested(fields), self._model.inputs[action], action)
        if request.path.count("/") >= 2:
            params.setdefault("QueueUrl", f"{request.base_url}{request.path}")
        return Call(action, self._model.readers[action](params))

    def answer(self, call: Call, result: Params, request_id: str) -> Reply:
        inner = "".join(_element(_name(k, call.action), v, call.action) for k, v in result.items())
        action = call.action
        body = (
            f'<?xml version="1.0"?><{action}Response xmlns="{_NAMESPACE}">'
            f"<{action}Result>{inner}</{action}Result>"
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
            f"</{action}Response>"
        )
        return reply(200, _CONTENT_TYPE, body.encode(), request_id)

    def refusal(self, error: SqsError, request_id: str) -> Reply:
        fault = "Sender" if error.is_sender_fault else "Receiver"
        body = (
            f'<?xml version="1.0"?><ErrorResponse xmlns="{_NAMESPACE}"><Error>'
            f"<Type>{fault}</Type><Code>{error.code}</Code>"
            f"<Message>{_text(_message_of(error))}</Message><Detail/></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return reply(error.status, _CONTENT_TYPE, body.encode(), request_id)


class QueryInJsonOut(QueryProtocol):
    """Reads forms and writes JSON."""

    def answer(self, call: Call, result: Params, request_id: str) -> Reply:
        document = {
            f"{call.action}Response": {
                "ResponseMetadata": {"RequestId": request_id},
                f"{call.action}Result": result,
            }
        }
        return reply(200, _JSON, orjson.dumps(document), request_id)

    def refusal(self, error: SqsError, request_id: str) -> Reply:
        fault = "Sender" if error.is_sender_fault else "Receiver"
        document = {
            "Error": {"Code": error.code, "Message": _message_of(error), "Type": fault},
            "RequestId": request_id,
        }
        return reply(error.status, _JSON, orjson.dumps(document), request_id)


def _message_of(error: SqsError) -> str:
    # Recorded from AWS: this one is longer here than in the JSON protocol.
    if error.shape == QueueDoesNotExist.shape:
        return "The specified queue does not exist for this wsdl version."
    return error.message


def _nested(fields: Mapping[str, str]) -> dict[str, Any]:
    """`{"A.1.B": "x"}` as `{"A": {"1": {"B": "x"}}}`."""
    root: dict[str, Any] = {}
    for path, value in fields.items():
        *parents, leaf = path.split(".")
        if len(parents) >= _DEPTH_MAX:
            raise SerializationException(f"{shown(path)}: more than {_DEPTH_MAX} names deep")
        node = root
        for part in parents:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise SerializationException(f"{shown(path)}: a value and fields at one name")
            node = child
        node[leaf] = value
    return root


def _structure(node: Any, shape: Shape, action: str) -> Params:
    if not isinstance(node, dict):
        raise SerializationException(f"{shown(node)} is a value where fields are wanted")
    found = {}
    for member, member_shape in shape.members.items():
        name = _name(member, action)
        if name in node:
            found[member] = _value(node[name], member_shape, name, action)
    return found


def _value(node: Any, shape: Shape, name: str, action: str) -> Any:
    match shape.kind:
        case "structure":
            return _structure(node, shape, action)
        case "list":
            return [_value(each, shape.item, name, action) for each in _numbered(node, name)]
        case "map":
            key_name, value_name = _entry_names(name)
            entries = _numbered(node, name)
            return {
                _key(each, key_name, name): _value(each.get(value_name), shape.item, name, action)
                for each in entries
            }
        case "integer" | "long":
            digits = str(node).removeprefix("-")
            return int(node) if digits.isascii() and digits.isdigit() and len(digits) < 20 else node
    return node


def _key(entry: Any, key_name: str, name: str) -> str:
    key = entry.get(key_name) if isinstance(entry, dict) else None
    if not isinstance(key, str):
        raise SerializationException(f"{name}: each entry needs a {name}.n.{key_name}")
    return key


def _numbered(node: Any, name: str) -> list[Any]:
    if not isinstance(node, dict) or not all(_INDEX.fullmatch(each) for each in node):
        raise SerializationException(f"{name}: numbered fields such as {name}.1 are wanted")
    return [node[each] for each in sorted(node, key=int)]


def _element(name: str, value: Any, action: str) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each, action) for each in value)
    if isinstance(value, dict):
        if name in {"Attribute", "MessageAttribute", "Tag"}:
            key_name, value_name = _entry_names(name)
            return "".join(
                f"<{name}><{key_name}>{_text(key)}</{key_name}>"
                f"{_element(value_name, each, action)}</{name}>"
                for key, each in value.items()
            )
        inner = "".join(_element(_name(key, action), each, action) for key, each in value.items())
        return f"<{name}>{inner}</{name}>"
    return f"<{name}>{_text(value)}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    # XML readers turn a bare carriage return into a newline, and stop at a control character
    # (stored texts have none; an error may quote one).
    return escape(_NOT_XML.sub("\ufffd", str(value)), {"\r": "&#xD;"})
