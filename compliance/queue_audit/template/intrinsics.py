"""CloudFormation's functions, worked out as far as a template alone allows.

Names that only AWS gives, such as the account or a resource's physical name, stay as symbols
(`${AWS::AccountId}`, `${Queue}`): two ways to write one ARN then come out equal. What cannot be
told becomes Unknown. Source: AWS CloudFormation User Guide, intrinsic-function-reference.html.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from compliance.queue_audit.facts import Answer, Unknown, all_of, any_of, negated
from compliance.queue_audit.template.loading import Source, TemplateError
from scenarios.model import shown

TEXT_CHARS_MAX = 100_000  # of one value; functions inside functions could double it each time
_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "${AWS::Region}",
    "AWS::AccountId": "${AWS::AccountId}",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "${AWS::StackName}",
    "AWS::StackId": "${AWS::StackId}",
}
QUEUE = "AWS::SQS::Queue"


class _Absent:
    """AWS::NoValue: the property is as if it were not written."""


ABSENT = _Absent()


class Resolver:
    """Works values out. `parameters` take the place of the template's defaults."""

    def __init__(self, source: Source, parameters: Mapping[str, str]) -> None:
        """Raises TemplateError when a section is not a mapping."""
        self._source = source
        self._given = parameters
        self._parameters = self._section("Parameters")
        self._mappings = self._section("Mappings")
        self._conditions = self._section("Conditions")
        self.resources = self._section("Resources")
        self._under_way: list[str] = []
        # Worked out once each: a chain of them, each naming the next twice, would take for ever.
        self._held: dict[str, Answer] = {}
        self._names: dict[str, str] = {}
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": lambda name: self._ref(str(name)),
            "Condition": lambda name: self.condition(str(name)),
            "Fn::And": lambda terms: all_of(self._answers(terms)),
            "Fn::Equals": self._equals,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Not": lambda terms: negated(any_of(self._answers(terms))),
            "Fn::Or": lambda terms: any_of(self._answers(terms)),
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
            "Fn::ToJsonString": self._to_json,
        }

    def value(self, written: Any) -> Any:
        """A value with its functions worked out; ABSENT for AWS::NoValue.

        Raises TemplateError when things refer to each other in a circle.
        """
        if isinstance(written, list):
            return [each for each in map(self.value, written) if each is not ABSENT]
        if not isinstance(written, dict):
            return written
        if len(written) == 1:
            [(name, argument)] = written.items()
            if name in self._functions and not self._is_condition_block(name, argument):
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                return Unknown(f"{name} cannot be worked out from the template")
        worked_out = {name: self.value(each) for name, each in written.items()}
        return {name: each for name, each in worked_out.items() if each is not ABSENT}

    def condition(self, name: str) -> Answer:
        """Whether a condition of the template holds."""
        if name not in self._conditions:
            return Unknown(f"condition {shown(name)} is not in the template")
        if name not in self._held:
            with self._following(f"Conditions.{name}"):
                answer = self.value(self._conditions[name])
            is_answer = isinstance(answer, bool | Unknown)
            self._held[name] = answer if is_answer else Unknown(f"condition {name} is no condition")
        return self._held[name]

    def queue_name(self, logical_id: str) -> str:
        """A queue's name, or a symbol for one that only AWS knows."""
        if logical_id not in self._names:
            with self._following(f"Resources.{logical_id}"):
                name = self.value(self.properties(logical_id).get("QueueName", ABSENT))
            is_known = isinstance(name, str) and name
            self._names[logical_id] = name if is_known else f"${{{logical_id}}}"
        return self._names[logical_id]

    def queue_arn(self, logical_id: str) -> str:
        region, account = self._pseudo("AWS::Region"), self._pseudo("AWS::AccountId")
        partition = self._pseudo("AWS::Partition")
        return f"arn:{partition}:sqs:{region}:{account}:{self.queue_name(logical_id)}"

    def queue_url(self, logical_id: str) -> str:
        region, account = self._pseudo("AWS::Region"), self._pseudo("AWS::AccountId")
        return f"https://sqs.{region}.amazonaws.com/{account}/{self.queue_name(logical_id)}"

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self._source.values.get(name)
        if section is None:
            return {}
        if not isinstance(section, dict):
            line = self._source.line(name)
            raise TemplateError(f"{self._source.path}:{line}: {name} is not a mapping")
        return section

    def properties(self, logical_id: str) -> Mapping[str, Any]:
        """A resource's properties as written."""
        resource = self.resources.get(logical_id)
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        return properties if isinstance(properties, dict) else {}

    def type_of(self, logical_id: str) -> object:
        """A resource's type as written, or None."""
        resource = self.resources.get(logical_id)
        return resource.get("Type") if isinstance(resource, dict) else None

    @contextmanager
    def _following(self, name: str) -> Iterator[None]:
        if name in self._under_way:
            circle = " -> ".join([*self._under_way[self._under_way.index(name) :], name])
            line = self._source.line(*name.split(".", 1))
            raise TemplateError(f"{self._source.path}:{line}: goes in a circle: {circle}")
        self._under_way.append(name)
        try:
            yield
        finally:
            self._under_way.pop()

    def _is_condition_block(self, name: str, argument: Any) -> bool:
        """A policy statement's or a resource's own `Condition`, which names no condition."""
        return name == "Condition" and not isinstance(argument, str)

    def _pseudo(self, name: str) -> str:
        return self._given.get(name, _PSEUDO[name])

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return ABSENT
        if name in _PSEUDO:
            return self._pseudo(name)
        if name in self._parameters:
            return self._parameter(name)
        if self.type_of(name) == QUEUE:
            return self.queue_url(name)
        if name in self.resources:
            return f"${{{name}}}"
        return Unknown(f"{shown(name)} is neither a parameter nor a resource of the template")

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        declared = declared if isinstance(declared, dict) else {}
        default = self._given.get(name, declared.get("Default"))
        kind = str(declared.get("Type", "String"))
        if default is None:
            return Unknown(f"parameter {name} has no default")
        if kind.startswith("AWS::SSM::"):
            return Unknown(f"parameter {name} is read from the Parameter Store")
        if not isinstance(default, str | int | float):
            return Unknown(f"parameter {name} has no usable default")
        if kind.startswith("List<") or kind == "CommaDelimitedList":
            return [part.strip() for part in str(default).split(",")]
        return str(default).lower() if isinstance(default, bool) else str(default)

    def _get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        name, attribute = self._pair(parts)
        if not (isinstance(name, str) and isinstance(attribute, str)):
            return Unknown("Fn::GetAtt of something else than a resource and an attribute")
        if name not in self.resources:
            return Unknown(f"{shown(name)} is no resource of the template")
        if self.type_of(name) == QUEUE:
            of_queue = {
                "Arn": self.queue_arn,
                "QueueName": self.queue_name,
                "QueueUrl": self.queue_url,
            }
            if attribute in of_queue:
                return of_queue[attribute](name)
        return f"${{{name}.{attribute}}}"

    def _sub(self, argument: Any) -> Any:
        text, variables = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            text, variables = argument
        if not isinstance(text, str):
            return Unknown("Fn::Sub of something that is not text")
        pieces: list[Any] = []
        end = 0
        for match in _VARIABLE.finditer(text):
            pieces.append(text[end : match.start()])
            end = match.end()
            literal, name = match.groups()
            if literal:
                pieces.append(f"${{{name}}}")
            elif name in variables:
                pieces.append(self.value(variables[name]))
            elif "." in name:
                pieces.append(self._get_att(name))
            else:
                pieces.append(self._ref(name))
        return _joined("", [*pieces, text[end:]])

    def _join(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 2):
            return Unknown("Fn::Join of something else than a delimiter and a list")
        parts = self.value(argument[1])
        if isinstance(parts, Unknown):
            return parts
        return _joined(str(argument[0]), parts if isinstance(parts, list) else [parts])

    def _split(self, argument: Any) -> Any:
        delimiter, text = self._pair(argument)
        if isinstance(text, Unknown):
            return text
        if not (isinstance(delimiter, str) and delimiter and isinstance(text, str)):
            return Unknown("Fn::Split of something else than a delimiter and a text")
        return text.split(delimiter)

    def _select(self, argument: Any) -> Any:
        index, choices = self._pair(argument)
        if isinstance(choices, Unknown):
            return choices
        if isinstance(choices, list) and str(index).isdecimal() and int(str(index)) < len(choices):
            return choices[int(str(index))]
        return Unknown("Fn::Select of an element that is not there")

    def _find_in_map(self, argument: Any) -> Any:
        keys = self.value(argument)
        found: Any = self._mappings
        for key in keys[:3] if isinstance(keys, list) else []:
            if isinstance(key, Unknown):
                return key
            found = found.get(str(key)) if isinstance(found, dict) else None
        if found is None or isinstance(found, dict):
            return Unknown("Fn::FindInMap of an entry that cannot be told")
        return found

    def _if(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 3):
            return Unknown("Fn::If of something else than a condition and two values")
        answer = self.condition(str(argument[0]))
        if isinstance(answer, Unknown):
            return answer
        return self.value(argument[1] if answer else argument[2])

    def _equals(self, argument: Any) -> Answer:
        left, right = self._pair(argument)
        for side in (left, right):
            if isinstance(side, Unknown):
                return side
            if isinstance(side, str) and "${" in side:
                return Unknown("a condition on something that only AWS knows")
        return str(left) == str(right)

    def _answers(self, terms: Any) -> Iterator[Answer]:
        for term in map(self.value, terms if isinstance(terms, list) else [terms]):
            yield term if isinstance(term, bool | Unknown) else Unknown("not a condition")

    def _pair(self, argument: Any) -> tuple[Any, Any]:
        """Two values worked out; None for what is not there."""
        values = self.value(argument)
        return (
            (values[0], values[1])
            if isinstance(values, list) and len(values) == 2
            else (None, None)
        )

    def _to_json(self, argument: Any) -> Any:
        worked_out = self.value(argument)
        unknown = next(_unknowns(worked_out), None)
        return unknown or json.dumps(worked_out)


def _joined(delimiter: str, pieces: list[Any]) -> Any:
    unknown = next((piece for piece in pieces if isinstance(piece, Unknown)), None)
    if unknown is not None:
        return unknown
    texts = [str(piece) for piece in pieces if piece is not ABSENT]
    if sum(map(len, texts)) + len(delimiter) * len(texts) > TEXT_CHARS_MAX:
        return Unknown(f"a text of more than {TEXT_CHARS_MAX:,} characters")
    return delimiter.join(texts)


def _unknowns(value: Any) -> Iterator[Unknown]:
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _unknowns(each)
    elif isinstance(value, list):
        for each in value:
            yield from _unknowns(each)
