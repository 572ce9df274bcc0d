"""What one function does, in terms of its parameters: what it answers, which sinks they reach,
which exceptions carry them, which attributes they are stored in. And how a part is asked for.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from compliance.pii.source_check.describe import shown, spot_of
from compliance.pii.source_check.lexicon import Hit
from compliance.pii.source_check.values import CLEAN, Param, Source, Spot, Step, Value, same

Key = TypeVar("Key")


class Reach(NamedTuple):
    """A sink that a parameter reaches."""

    rule: str
    spot: Spot
    shown: str  # what was called
    steps: tuple[Step, ...]


@dataclass
class Summary:
    """What one function does, in terms of its parameters."""

    returns: Value = CLEAN
    reaches: dict[tuple[Param, str, Spot], Reach] = field(default_factory=dict)
    raises: dict[str, Value] = field(default_factory=dict)  # by exception class
    stores: dict[tuple[str, str], Value] = field(default_factory=dict)  # by class and attribute

    def equals(self, other: "Summary") -> bool:
        """Whether as much is known."""
        return (
            self.reaches.keys() == other.reaches.keys()
            and same(self.returns, other.returns)
            and same_values(self.raises, other.raises)
            and same_values(self.stores, other.stores)
        )


class Look(NamedTuple):
    """How a part of a value is asked for."""

    node: ast.AST | None  # the expression, to be shown when it is a source
    path: str  # of its file
    contexts: frozenset[str] = frozenset()  # words that name the whole
    is_key: bool = False  # a subscript, not an attribute

    def source(self, hit: Hit) -> Source:
        """What the expression is when its name says so."""
        node = self.node
        spot = Spot("", 0, 0, 0) if node is None else spot_of(node, self.path)
        return Source(hit.kind, shown(node), spot, hit.is_likely)


def same_values(first: Mapping[Key, Value], second: Mapping[Key, Value]) -> bool:
    """Whether as much is known of each."""
    return first.keys() == second.keys() and all(
        same(value, second[key]) for key, value in first.items()
    )
