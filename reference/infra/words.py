"""The words of CloudFormation, as plain values."""

from typing import Any

Json = dict[str, Any]
Resources = dict[str, Json]

NO_VALUE: Json = {"Ref": "AWS::NoValue"}


def resource(kind: str, properties: Json, **more: Any) -> Json:
    """`more` are attributes beside the properties, such as DependsOn; empty ones are left out."""
    attributes = {name: value for name, value in more.items() if value}
    return {"Type": f"AWS::{kind}", **attributes, "Properties": properties}


def ref(name: str) -> Json:
    return {"Ref": name}


def get(name: str, attribute: str = "Arn") -> Json:
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Json:
    return {"Fn::Sub": text}


def environment(variables: dict[str, Any]) -> list[Json]:
    """As a container definition has it."""
    return [{"Name": name, "Value": value} for name, value in variables.items()]
