"""Requests checked against AWS's own service model, which botocore ships.

Each operation's input shape is compiled once into a reader: a function from decoded JSON to
checked values. Members the model does not know are passed over and nulls count as absent, as AWS
does; blobs become bytes.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from botocore.loaders import create_loader

from reference.cloud.sqs.checks import shown
from reference.cloud.sqs.errors import MissingParameter, SerializationException

Reader = Callable[[Any], Any]

_INTEGER_MIN, _INTEGER_MAX = -(2**31), 2**31 - 1


def load_readers() -> dict[str, Reader]:
    """One reader for each of SQS's operations.

    A reader raises SerializationException for a value of the wrong type and MissingParameter when
    a required member is absent.
    """
    model: Mapping[str, Any] = create_loader().load_service_model("sqs", "service-2")
    shapes = model["shapes"]
    return {
        name: _compile(shapes, operation["input"]["shape"], name)
        for name, operation in model["operations"].items()
    }


def _compile(shapes: Mapping[str, Any], shape_name: str, where: str) -> Reader:
    shape = shapes[shape_name]
    match shape["type"]:
        case "structure":
            members = {
                name: _compile(shapes, member["shape"], name)
                for name, member in shape["members"].items()
            }
            return _structure(members, shape.get("required", ()), where)
        case "list":
            return _list(_compile(shapes, shape["member"]["shape"], where), where)
        case "map":
            return _map(_compile(shapes, shape["value"]["shape"], where), where)
        case "string":
            return _string(where)
        case "integer" | "long":
            return _integer(where)
        case "blob":
            return _blob(where)
        case kind:
            raise AssertionError(f"SQS's model has a new kind of shape: {kind} ({shape_name})")


def _wrong(where: str, value: object, wanted: str) -> SerializationException:
    return SerializationException(
        f"{where}: {type(value).__name__} {shown(value)} can not be converted to {wanted}"
    )


def _structure(members: Mapping[str, Reader], required: tuple[str, ...], where: str) -> Reader:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(where, value, "a structure")
        result = {}
        for name, member in value.items():
            reader = members.get(name)
            if reader is not None and member is not None:
                result[name] = reader(member)
        for name in required:
            if name not in result:
                raise MissingParameter(f"The request must contain the parameter {name}.")
        return result

    return read


def _list(item: Reader, where: str) -> Reader:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong(where, value, "a list")
        return [item(each) for each in value]

    return read


def _map(item: Reader, where: str) -> Reader:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(where, value, "a map")
        return {key: item(each) for key, each in value.items() if each is not None}

    return read


def _string(where: str) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise _wrong(where, value, "a string")
        return value

    return read


def _integer(where: str) -> Reader:
    def read(value: Any) -> int:
        # bool is an int in Python, not in JSON.
        if type(value) is not int or not _INTEGER_MIN <= value <= _INTEGER_MAX:
            raise _wrong(where, value, "an integer")
        return value

    return read


def _blob(where: str) -> Reader:
    def read(value: Any) -> bytes:
        if isinstance(value, str):
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                pass
        raise _wrong(where, value, "base64 bytes")

    return read
