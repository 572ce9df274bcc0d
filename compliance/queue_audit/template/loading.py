"""A template's text as plain values, with the line of each.

A template may come from a stranger, so it is read event by event, within limits, and only with
what CloudFormation knows: its own tags, and neither aliases nor merges (AWS CloudFormation User
Guide, template-formats.html), so that nothing can grow or run. JSON is read by the same loader:
it is YAML but for tabs, which JSON allows only where a blank would do.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml  # type: ignore[import-untyped, unused-ignore]

from scenarios.model import shown

TEMPLATE_BYTES_MAX = 1_048_576  # CloudFormation quotas: a template body in S3
DEPTH_MAX = 100
VALUES_MAX = 200_000

_FUNCTIONS = (
    *("And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue"),
    *("Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
)
_KEY_OF_TAG = {f"!{name}": f"Fn::{name}" for name in _FUNCTIONS} | {
    "!Ref": "Ref",
    "!Condition": "Condition",
}
_PLAIN_TAGS = {
    "tag:yaml.org,2002:null",
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:float",
}
_COLLECTION_TAGS = {None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_TEXT_TAG = "tag:yaml.org,2002:str"

Keys = tuple[str | int, ...]


class TemplateError(ValueError):
    """A template that cannot be read. The text names file, line and what is wrong."""


@dataclass(frozen=True)
class Source:
    """A loaded template. `lines` has the line of a value by its path of keys."""

    path: Path
    values: dict[str, Any]
    lines: dict[Keys, int]

    def line(self, *keys: str | int) -> int:
        """The line of a value, or of the nearest thing around it."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 0)


def load(path: Path) -> Source:
    """Raises TemplateError."""
    text = _read(path)
    if text.lstrip()[:1] in {"{", "["}:
        text = text.replace("\t", " ")
    builder = _Builder(path)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        raise TemplateError(_told(path, error)) from error
    except RecursionError as error:
        raise TemplateError(f"{path}: nested too deep") from error
    if not isinstance(builder.root, dict):
        raise TemplateError(f"{path}: not a mapping of Resources and the like")
    return Source(path, builder.root, builder.lines)


# The C parser is the same parser, forty times as fast; both make events only, never objects.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(TEMPLATE_BYTES_MAX + 1)
        if len(raw) > TEMPLATE_BYTES_MAX:
            raise TemplateError(
                f"{path}: larger than {TEMPLATE_BYTES_MAX:,} bytes, CloudFormation's limit"
            )
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError(f"{path}: not UTF-8 (byte {error.start})") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, TemplateError):
            raise
        raise TemplateError(f"{shown(str(path))}: {getattr(error, 'strerror', error)}") from error


def _told(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark is not None else ""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    return f"{path}{line}: not YAML or JSON: {problem}"


@dataclass
class _Open:
    """A mapping or list that is being filled; of a mapping, `key` waits for its value."""

    value: dict[str, Any] | list[Any]
    path: Keys
    key: str | None = None


@dataclass
class _Builder:
    """Builds values from events, on a stack of its own instead of Python's."""

    path: Path
    root: Any = None
    lines: dict[Keys, int] = field(default_factory=dict)
    _stack: list[_Open] = field(default_factory=list)
    _values: int = 0
    _documents: int = 0
    _resolver: Any = field(default_factory=yaml.resolver.Resolver)
    _constructor: Any = field(default_factory=yaml.constructor.SafeConstructor)

    def take(self, event: Any) -> None:
        """Raises TemplateError."""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._refuse(event, "aliases and anchors; CloudFormation takes none")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(event, "a second document")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open(event, {})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open(event, [])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._stack.pop()

    def _scalar(self, event: Any) -> None:
        parent = self._stack[-1] if self._stack else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            self._name(event, parent)
            return
        function = _KEY_OF_TAG.get(event.tag)
        value: Any = event.value if function else self._plain(event)
        if function == "Fn::GetAtt":
            value = event.value.split(".", 1)
        self._put(event, {function: value} if function else value, self._place())

    def _name(self, event: Any, parent: _Open) -> None:
        assert isinstance(parent.value, dict)
        if event.tag not in {None, "!", _TEXT_TAG}:
            self._refuse(event, f"the tag {shown(event.tag)} on a key")
        if event.value in parent.value:
            self._refuse(event, f"the key {shown(event.value)} twice")
        if event.value == "<<":
            self._refuse(event, "a merge; CloudFormation takes none")
        parent.key = event.value
        self.lines[(*parent.path, event.value)] = event.start_mark.line + 1

    def _plain(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
        elif tag not in _PLAIN_TAGS and tag != _TEXT_TAG:
            self._refuse(event, f"the tag {shown(tag)}, which is none of CloudFormation's")
        if tag not in _PLAIN_TAGS:
            return event.value  # also dates, which CloudFormation takes for text
        try:
            return self._constructor.construct_object(yaml.ScalarNode(tag, event.value))
        except (ValueError, KeyError):
            self._refuse(event, f"a value that is no {tag.rpartition(':')[2]}")

    def _open(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        if self._stack and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None:
            self._refuse(event, "a key that is not text")
        if len(self._stack) >= DEPTH_MAX:
            self._refuse(event, f"more than {DEPTH_MAX} levels")
        function = _KEY_OF_TAG.get(event.tag)
        if function is None and event.tag not in _COLLECTION_TAGS:
            self._refuse(event, f"the tag {shown(event.tag)}, which is none of CloudFormation's")
        place = self._place()
        self._put(event, {function: value} if function else value, place)
        self._stack.append(_Open(value, (*place, function) if function else place))

    def _place(self) -> Keys:
        if not self._stack:
            return ()
        parent = self._stack[-1]
        last = len(parent.value) if isinstance(parent.value, list) else parent.key
        assert last is not None
        return (*parent.path, last)

    def _put(self, event: Any, value: Any, place: Keys) -> None:
        self._values += 1
        if self._values > VALUES_MAX:
            self._refuse(event, f"more than {VALUES_MAX:,} values")
        self.lines.setdefault(place, event.start_mark.line + 1)
        if not self._stack:
            self.root = value
            return
        parent = self._stack[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
        else:
            assert parent.key is not None
            parent.value[parent.key], parent.key = value, None

    def _refuse(self, event: Any, what: str) -> NoReturn:
        raise TemplateError(f"{self.path}:{event.start_mark.line + 1}: has {what}")
