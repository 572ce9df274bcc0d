"""Requests checked against AWS's own service model, which botocore ships.

Each operation's input shape is compiled once into a reader: a function from decoded JSON to
checked values. Members the model does not know are passed over and nulls count as absent, as AWS
does; blobs become bytes.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from botocore.loaders import create_loader

from reference.cloud.sqs.errors import MissingParameter, SerializationException

Reader = Callable[[Any], Any]

_ONLY_STRINGS = {str}
_INTEGER_MIN, _INTEGER_MAX = -(2**31), 2**31 - 1


class Shape(NamedTuple):
    """One type of the model, with the types it is made of."""

    name: str  # of the member that has this type
    kind: str
    members: "Mapping[str, Shape]"  # of a structure
    items: "tuple[Shape, ...]"  # the one type of a list's or map's values
    required: tuple[str, ...]

    @property
    def item(self) -> "Shape":
        return self.items[0]


class ServiceModel(NamedTuple):
    """SQS's operations: their input types, and a reader for each."""

    inputs: Mapping[str, Shape]
    readers: Mapping[str, Reader]


def load_model() -> ServiceModel:
    """The model that botocore ships.

    A reader raises SerializationException for a value of the wrong type and MissingParameter when
    a required member is absent.
    """
    model: Mapping[str, Any] = create_loader().load_service_model("sqs", "service-2")
    inputs = {
        name: _shape(model["shapes"], operation["input"]["shape"], name)
        for name, operation in model["operations"].items()
    }
    return ServiceModel(inputs, {name: _reader(shape) for name, shape in inputs.items()})


def _shape(shapes: Mapping[str, Any], shape_name: str, name: str) -> Shape:
    shape = shapes[shape_name]
    item = shape.get("member") or shape.get("value")
    return Shape(
        name,
        shape["type"],
        {
            member: _shape(shapes, each["shape"], member)
            for member, each in shape.get("members", {}).items()
        },
        (_shape(shapes, item["shape"], name),) if item else (),
        tuple(shape.get("required", ())),
    )


def _reader(shape: Shape) -> Reader:
    match shape.kind:
        case "structure":
            return _structure(shape)
        case "list":
            return _list(_reader(shape.item), shape.name)
        case "map":
            return _map(_reader(shape.item), shape.name)
        case "string":
            return _string(shape.name)
        case "integer" | "long":
            return _integer(shape.name)
        case "blob":
            return _blob(shape.name)
        case kind:
            raise AssertionError(f"SQS's model has a new kind of type: {kind} ({shape.name})")


def _wrong(where: str, value: object, wanted: str) -> SerializationException:
    # Not the value: it may be a message's body in the wrong place.
    return SerializationException(
        f"{where}: {type(value).__name__} can not be converted to {wanted}"
    )


def _structure(shape: Shape) -> Reader:
    members = {name: _reader(member) for name, member in shape.members.items()}
    strings = {name for name, member in shape.members.items() if member.kind == "string"}

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(shape.name, value, "a structure")
        # Texts alone, as in most calls, are what they should be already.
        is_read = strings.issuperset(value) and _ONLY_STRINGS.issuperset(map(type, value.values()))
        result = value if is_read else each_read(value)
        for name in shape.required:
            if name not in result:
                raise MissingParameter(f"The request must contain the parameter {name}.")
        return result

    def each_read(value: dict[str, Any]) -> dict[str, Any]:
        return {
            name: reader(member)
            for name, member in value.items()
            if member is not None and (reader := members.get(name)) is not None
        }

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
