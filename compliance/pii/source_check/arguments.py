"""A call's arguments, and which parameter each of them is for."""

import ast
from collections.abc import Callable
from typing import NamedTuple

from compliance.pii.source_check.program import Function
from compliance.pii.source_check.values import (
    CLEAN,
    ELEMENT,
    Value,
    elements,
    join,
    join_all,
    with_part,
)


class Argument(NamedTuple):
    """One argument of a call."""

    name: str  # of a keyword; '' by position
    value: Value
    node: ast.expr
    is_spread: bool = False  # *value or **value


class Arguments(NamedTuple):
    """All arguments of a call, in order."""

    all: tuple[Argument, ...]

    @property
    def values(self) -> list[Value]:
        return [argument.value for argument in self.all]

    @property
    def positional(self) -> list[Argument]:
        return [argument for argument in self.all if not argument.name]

    def keyword(self, name: str) -> Argument | None:
        return next((argument for argument in self.all if argument.name == name), None)

    def constant(self, position: int | None, name: str = "") -> object:
        """The literal at a position or keyword; None when it is something else or missing."""
        argument = self.keyword(name) if name else None
        positional = self.positional
        if argument is None and position is not None and position < len(positional):
            argument = positional[position]
        is_literal = argument is not None and isinstance(argument.node, ast.Constant)
        return argument.node.value if argument and is_literal else None  # type: ignore[attr-defined]

    def without_first(self, count: int) -> "Arguments":
        """The arguments behind the first so many positional ones."""
        dropped = self.positional[:count]
        return Arguments(tuple(one for one in self.all if one not in dropped))


def read_arguments(node: ast.Call, value_of: Callable[[ast.expr], Value]) -> Arguments:
    """Work out every argument."""
    found: list[Argument] = []
    for one in node.args:
        if isinstance(one, ast.Starred):
            found.append(Argument("", value_of(one.value), one.value, is_spread=True))
        else:
            found.append(Argument("", value_of(one), one))
    for keyword in node.keywords:
        value = value_of(keyword.value)
        found.append(Argument(keyword.arg or "", value, keyword.value, keyword.arg is None))
    return Arguments(tuple(found))


def place(arguments: Arguments, function: Function) -> list[tuple[Value, ast.expr | None]]:
    """For each parameter what is passed for it, and by which expression."""
    return place_by_name(arguments, function.params, function.variadic)


def place_by_name(
    arguments: Arguments, params: tuple[str, ...], variadic: frozenset[str] = frozenset()
) -> list[tuple[Value, ast.expr | None]]:
    """The same for a list of names, such as the fields of a dataclass."""
    placed: dict[str, tuple[Value, ast.expr | None]] = {}
    plain = [name for name in params if name not in variadic]
    rest = CLEAN
    by_position = iter(plain)
    for argument in arguments.all:
        if argument.is_spread:
            rest = join(rest, argument.value)
        elif argument.name in plain:
            placed[argument.name] = (argument.value, argument.node)
        elif argument.name:
            rest = with_part(rest, argument.name, argument.value)
        elif (name := next(by_position, None)) is not None:
            placed[name] = (argument.value, argument.node)
        else:
            rest = with_part(rest, ELEMENT, argument.value, is_joined=True)
    missing = rest if rest is CLEAN else Value(rest.taints, rest.holds, rest.parts)
    return [
        placed[name] if name in placed else (_spread_for(missing, name, name in variadic), None)
        for name in params
    ]


def _spread_for(rest: Value, name: str, is_variadic: bool) -> Value:
    if is_variadic or rest is CLEAN:
        return rest
    return rest.parts[name] if name in rest.parts else elements(rest._replace(parts={}))


def everything(arguments: Arguments) -> Value:
    """All arguments as one value."""
    return join_all(arguments.values)
