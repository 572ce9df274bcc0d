"""What the checker knows of a value: where personal data in it came from, what it holds, its class.

    taints   the value itself is personal data, or text made of it
    holds    a structure that has personal data somewhere in it: shown whole it leaks, one of its
             parts may not
    parts    what is known of single keys, attributes, positions; `*` are elements in general

An origin is a source in the code, or a parameter: what a function does with a parameter is
worked out once and filled in at every call (see `summaries.py`).
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

ELEMENT = "*"
KEYS = "<keys>"  # of a dictionary, those that are not literal
DICT = "dict"  # the class of a dictionary
EXCEPTION_TEXT = "exception text"  # the kind of source that an exception that quotes input is
MESSAGE = "args"  # what an exception says
_PARTS_MAX = 48
_DEPTH_MAX = 3
_ORIGINS_MAX = 12
_STEPS_MAX = 8
PATH_LENGTH_MAX = 2


class Spot(NamedTuple):
    """Somewhere in the sources."""

    path: str
    line: int  # from 1
    column: int  # from 1, in characters
    end_line: int


class Step(NamedTuple):
    """One step of a value on its way from source to sink."""

    what: str
    spot: Spot


class Source(NamedTuple):
    """Where personal data enters."""

    kind: str
    shown: str  # the expression's names, never its literals
    spot: Spot
    is_likely: bool = False


class Param(NamedTuple):
    """What a caller passes, or the part of it at `path`; `is_text`: made into text since."""

    number: int  # from 0
    path: tuple[str, ...] = ()
    is_text: bool = False


Origin: TypeAlias = Source | Param
Taints: TypeAlias = Mapping[Origin, tuple[Step, ...]]
NONE: Taints = {}


class Value(NamedTuple):
    """An abstract value; see the module."""

    taints: Taints = NONE
    holds: Taints = NONE
    parts: Mapping[str, "Value"] = {}
    cls: str = ""  # qualified name of its class
    refers: str = ""  # qualified name of the module, class or function that it is
    is_opaque: bool = False  # nothing is known: its name may speak


CLEAN = Value()
OPAQUE = Value(is_opaque=True)


def text(taints: Taints) -> Value:
    """A string made of these."""
    return Value(taints) if taints else CLEAN


def of_source(source: Source, *, is_holder: bool = False) -> Value:
    """The value that a source yields."""
    return Value(holds={source: ()}) if is_holder else Value({source: ()})


def union(*many: Taints) -> Taints:
    """All origins, each with the first way seen."""
    united: Taints = NONE
    for taints in many:
        if not united:
            united = taints
        elif taints and taints is not united and not taints.keys() <= united.keys():
            united = _merged(united, taints)
    return united


def _merged(first: Taints, second: Taints) -> Taints:
    merged = dict(first)
    for origin, steps in second.items():
        if origin not in merged and len(merged) < _ORIGINS_MAX:
            merged[origin] = steps
    return merged


def join(first: Value, second: Value) -> Value:
    """What is known where two ways of the program meet."""
    if first is second or second is CLEAN or first == second:
        return first
    if first is CLEAN:
        return second
    parts = first.parts
    if second.parts:
        parts = dict(first.parts)
        for key, part in second.parts.items():
            parts[key] = join(parts[key], part) if key in parts else part
    return Value(
        union(first.taints, second.taints),
        union(first.holds, second.holds),
        parts,
        first.cls or second.cls,
        first.refers or second.refers,
        first.is_opaque or second.is_opaque,
    )


def join_all(values: Iterable[Value]) -> Value:
    """The join of any number."""
    joined = CLEAN
    for value in values:
        joined = join(joined, value)
    return joined


def same(first: Value, second: Value) -> bool:
    """Whether as much is known of both; the ways there do not count."""
    return first is second or (
        first.taints.keys() == second.taints.keys()
        and first.holds.keys() == second.holds.keys()
        and first[3:] == second[3:]
        and first.parts.keys() == second.parts.keys()
        and all(same(part, second.parts[key]) for key, part in first.parts.items())
    )


def _depth(value: Value) -> int:
    return 1 + max((_depth(part) for part in value.parts.values()), default=0)


def flat(value: Value) -> Taints:
    """Every origin in it and its parts, classes not looked at."""
    taints = union(value.taints, value.holds)
    for part in value.parts.values():
        taints = union(taints, flat(part))
    return taints


def with_part(value: Value, key: str, part: Value, *, is_joined: bool = False) -> Value:
    """The value with a part set (or joined to what was there); depth and width are bounded."""
    if _depth(part) >= _DEPTH_MAX:
        part = Value(holds=flat(part), cls=part.cls)
    if key not in value.parts and len(value.parts) >= _PARTS_MAX:
        key, is_joined = ELEMENT, True
    if is_joined and key in value.parts:
        part = join(value.parts[key], part)
    parts = {**value.parts, key: part}
    return Value(value.taints, value.holds, parts, value.cls, value.refers)


def many(element: Value) -> Value:
    """A container of any number of these."""
    return CLEAN if element is CLEAN else with_part(CLEAN, ELEMENT, element)


def contents(value: Value) -> Value:
    """What any item of it can be."""
    if value is CLEAN or value is OPAQUE:
        return value
    inner = join_all(part for key, part in value.parts.items() if key != KEYS)
    is_opaque = value.is_opaque and not value.parts
    return join(inner, Value(value.taints, value.holds, is_opaque=is_opaque))


def elements(value: Value) -> Value:
    """What iterating over it yields; of a dictionary the keys."""
    return value.parts.get(KEYS, CLEAN) if value.cls == DICT else contents(value)


def stepped(taints: Taints, what: str, spot: Spot) -> Taints:
    """The same origins, one step further."""
    if not taints:
        return taints
    step = (Step(what, spot),)
    return {
        origin: steps + step if len(steps) < _STEPS_MAX else steps
        for origin, steps in taints.items()
    }


def moved(value: Value, what: str, spot: Spot) -> Value:
    """The same value, one step further."""
    if not (value.taints or value.holds):
        return value
    return value._replace(
        taints=stepped(value.taints, what, spot), holds=stepped(value.holds, what, spot)
    )


def likely(value: Value) -> Value:
    """What of it is certain, as likely; what was only likely is gone."""
    return value._replace(
        taints=_certain_as_likely(value.taints),
        holds=_certain_as_likely(value.holds),
        parts={key: likely(part) for key, part in value.parts.items()},
    )


def _certain_as_likely(taints: Taints) -> Taints:
    return {
        origin._replace(is_likely=True): steps
        for origin, steps in taints.items()
        if isinstance(origin, Source) and not origin.is_likely
    }


def has_params(value: Value) -> bool:
    """Whether anything in it depends on a caller."""
    for taints in (value.taints, value.holds):
        for origin in taints:
            if isinstance(origin, Param):
                return True
    return any(has_params(part) for part in value.parts.values())
