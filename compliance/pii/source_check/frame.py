"""The working state of one function: what its names are now, and what it was seen to do."""

import ast
from dataclasses import dataclass, field
from typing import NamedTuple

from compliance.pii.source_check.describe import spot_of
from compliance.pii.source_check.lexicon import Hit
from compliance.pii.source_check.program import Function
from compliance.pii.source_check.summaries import Look, Reach, Summary
from compliance.pii.source_check.values import (
    CLEAN,
    EXCEPTION_TEXT,
    Param,
    Source,
    Spot,
    Step,
    Taints,
    Value,
    flat,
    has_params,
    join,
    join_all,
)
from compliance.pii.source_check.world import World

STEPS_MAX = 200_000  # expressions and statements worked out for one function, loops repeated


class TooComplexError(Exception):
    """A function took more than STEPS_MAX steps."""


class Leak(NamedTuple):
    """A source that reaches a sink, by one way."""

    rule: str
    spot: Spot  # of the sink
    shown: str  # what was called there
    source: Source
    steps: tuple[Step, ...]


Env = dict[str, Value]


@dataclass
class Frame:
    """One function at work."""

    world: World
    function: Function
    env: Env = field(default_factory=dict)
    summary: Summary = field(default_factory=Summary)
    leaks: dict[tuple[str, Spot, Source], Leak] = field(default_factory=dict)
    handled: list[Value] = field(default_factory=list)  # exceptions in whose handlers we are
    tries: list[list[tuple[str, Value]]] = field(default_factory=list)  # raised inside each try
    named_params: dict[int, Source] = field(default_factory=dict)  # personal data by their name
    globals: set[str] = field(default_factory=set)  # names declared global
    steps_taken: int = 0

    @property
    def reader(self) -> str:
        return self.function.qualname

    @property
    def path(self) -> str:
        return self.function.module.path

    def count(self) -> None:
        """Bounds the work. Raises TooComplexError."""
        self.steps_taken += 1
        if self.steps_taken > STEPS_MAX:
            raise TooComplexError

    def spot(self, node: ast.AST) -> Spot:
        return spot_of(node, self.path)

    def look(
        self, node: ast.AST, contexts: frozenset[str] = frozenset(), *, is_key: bool = False
    ) -> Look:
        return Look(node, self.path, contexts, is_key)

    def show(self, value: Value, *, is_repr: bool = False) -> Taints:
        """The origins in the value's text."""
        return self.world.show(value, self.reader, is_repr=is_repr)

    def source(self, hit: Hit, node: ast.AST) -> Source:
        return self.look(node).source(hit)

    def reach(self, rule: str, node: ast.AST, shown: str, taints: Taints) -> None:
        """These origins reach a sink here."""
        spot = self.spot(node)
        for origin, steps in taints.items():
            self._reach(Reach(rule, spot, shown, steps), origin)

    def wire_log(self, node: ast.AST, shown: str) -> None:
        """A library's wire log is switched on here."""
        spot = self.spot(node)
        source = Source("addresses and contents", "what a library sends", spot)
        leak = Leak("pii-wire-log", spot, f"its log by {shown}", source, ())
        self.leaks.setdefault((leak.rule, spot, source), leak)

    def reach_through(self, reach: Reach, taints: Taints, step: Step) -> None:
        """These origins are passed to a function in which they reach a sink."""
        for origin, steps in taints.items():
            self._reach(reach._replace(steps=(*steps, step, *reach.steps)), origin)

    def _reach(self, reach: Reach, origin: Param | Source) -> None:
        if isinstance(origin, Param):
            self.summary.reaches.setdefault((origin, reach.rule, reach.spot), reach)
            named = self.named_params.get(origin.number)
            if named is None or origin.path:
                return
            origin = named
        rule = "pii-exception-text" if origin.kind == EXCEPTION_TEXT else reach.rule
        if rule == "pii-exception-text" and reach.rule == "pii-exception":
            return  # it was an exception before, and is one again
        leak = Leak(rule, reach.spot, reach.shown, origin, reach.steps)
        self.leaks.setdefault((rule, reach.spot, origin), leak)

    def raise_(self, exception: str, value: Value) -> None:
        """An exception that carries something leaves this point."""
        if not flat(value):
            return
        if self.tries:
            self.tries[-1].append((exception, value))
        else:
            known = self.summary.raises.get(exception, CLEAN)
            self.summary.raises[exception] = join(known, value)

    def current_exception(self) -> Value:
        """What `logger.exception` would show the text of."""
        return join_all(self.handled[-1:])

    def outward(self, value: Value) -> Value:
        """The value as others see it: what a caller passed is left out, unless its name tells."""
        if not has_params(value):
            return value
        taints, holds = self._outward(value.taints), self._outward(value.holds)
        parts = {key: self.outward(part) for key, part in value.parts.items()}
        is_opaque = not (taints or holds or parts or value.cls)
        return Value(taints, holds, parts, value.cls, value.refers, is_opaque)

    def _outward(self, taints: Taints) -> Taints:
        found: dict[Param | Source, tuple[Step, ...]] = {}
        for origin, steps in taints.items():
            if isinstance(origin, Source):
                found[origin] = steps
            elif not origin.path and origin.number in self.named_params:
                found[self.named_params[origin.number]] = steps
        return found

    def answer(self, value: Value) -> None:
        """A value that the function returns."""
        self.summary.returns = join(self.summary.returns, value)


def merged(envs: list[Env]) -> Env:
    """What is known where several ways meet; a name bound on one way only is kept."""
    first, *others = envs
    result = dict(first)
    for env in others:
        for name, value in env.items():
            known = result.get(name)
            if known is not value:
                result[name] = value if known is None else join(known, value)
    return result
