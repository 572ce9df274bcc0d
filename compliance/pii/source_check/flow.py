"""A function's statements in order: names change, ways part and meet, exceptions are handled.

Flow-sensitive: `email = mask(email)` clears the name from there on. Where branches meet, what
either knew is kept. A loop's body is worked out twice, so that what one turn leaves reaches the
next.
"""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from compliance.pii.source_check import knowledge
from compliance.pii.source_check.describe import shown
from compliance.pii.source_check.expressions import Evaluator
from compliance.pii.source_check.frame import Env, Frame, merged
from compliance.pii.source_check.lexicon import Hit
from compliance.pii.source_check.parameters import bind_parameters
from compliance.pii.source_check.program import Function, FunctionNode
from compliance.pii.source_check.values import (
    CLEAN,
    ELEMENT,
    EXCEPTION_TEXT,
    OPAQUE,
    Source,
    Value,
    elements,
    join,
    many,
    of_source,
)
from compliance.pii.source_check.wire_logs import is_set_on
from compliance.pii.source_check.world import World

_REPEATED_LOOP_DEPTH_MAX = 2  # deeper loops go round once, or the work would double with each


def work_out(function: Function, world: World) -> Frame:
    """Follow everything through one function. Raises TooComplexError, RecursionError."""
    frame = Frame(world, function)
    Flow(frame).run()
    return frame


class Flow:
    """Follows the statements of one frame."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._world = frame.world
        self._evaluator = Evaluator(frame)
        self._exits: list[list[Env]] = []  # of each loop, at its breaks
        self._nested: list[str] = []

    def run(self) -> None:
        """Work the function out, and tell the world what others can see of it."""
        function = self._frame.function
        self._frame.env.update(self._world.closures.get(function.qualname, {}))
        bind_parameters(self._frame)
        self._block(function.body)
        outward = {
            name: self._frame.outward(value)
            for name, value in self._frame.env.items()
            if "." not in name
        }
        for qualname in self._nested:
            self._world.learn_closure(qualname, outward)
        if function.node is None:
            for name, value in outward.items():
                self._world.learn_global(function.module.name, name, value)

    def _block(self, body: Sequence[ast.stmt]) -> bool:
        """Whether the block can be left at its end."""
        for statement in body:
            self._frame.count()
            follow = _KINDS.get(type(statement))
            if follow is not None and not follow(self, statement):
                return False
        return True

    # Assignments and expressions.

    def on_assign(self, node: ast.Assign) -> bool:
        value = self._evaluator.value(node.value)
        for target in node.targets:
            self._evaluator.bind(target, value)
            if is_set_on(target, node.value):
                self._frame.wire_log(node, shown(target))
        return True

    def on_annotated(self, node: ast.AnnAssign) -> bool:
        typed = self._world.models.typed(node.annotation, self._frame.function.module)
        value = self._evaluator.value(node.value)
        if typed.is_neutral:
            value = typed.value
        elif typed.kind and node.value is not None:
            value = of_source(self._frame.source(Hit(typed.kind), node.target))
        elif value.is_opaque and (typed.value.cls or typed.value.parts):
            value = typed.value
        if node.value is not None:
            self._evaluator.bind(node.target, value)
        return True

    def on_augmented(self, node: ast.AugAssign) -> bool:
        both = ast.copy_location(ast.BinOp(node.target, node.op, node.value), node)
        self._evaluator.bind(node.target, self._evaluator.value(both))
        return True

    def on_expression(self, node: ast.Expr) -> bool:
        self._evaluator.value(node.value)
        return True

    def on_return(self, node: ast.Return) -> bool:
        self._frame.answer(self._evaluator.value(node.value))
        return False

    def on_delete(self, node: ast.Delete) -> bool:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._frame.env.pop(target.id, None)
        return True

    def on_global(self, node: ast.Global) -> bool:
        self._frame.globals.update(node.names)
        return True

    # Ways that part and meet.

    def on_if(self, node: ast.If) -> bool:
        ends: list[Env] = []
        branch: list[ast.stmt] = [node]
        while len(branch) == 1 and isinstance(branch[0], ast.If):  # elif, however many
            self._frame.count()
            self._evaluator.value(branch[0].test)
            before = self._frame.env
            self._frame.env = dict(before)
            if self._block(branch[0].body):
                ends.append(self._frame.env)
            self._frame.env = before
            branch = branch[0].orelse
        if self._block(branch):
            ends.append(self._frame.env)
        return self._meet(ends)

    def _meet(self, ends: list[Env]) -> bool:
        if ends:
            self._frame.env = merged(ends)
        return bool(ends)

    def on_for(self, node: ast.For | ast.AsyncFor) -> bool:
        items = elements(self._evaluator.value(node.iter))
        self._loop(node.body, lambda: self._evaluator.bind(node.target, items))
        return self._block(node.orelse)

    def on_while(self, node: ast.While) -> bool:
        self._loop(node.body, lambda: self._evaluator.value(node.test))
        return self._block(node.orelse)

    def _loop(self, body: Sequence[ast.stmt], begin: Callable[[], object]) -> None:
        self._exits.append([])
        rounds = 2 if len(self._exits) <= _REPEATED_LOOP_DEPTH_MAX else 1
        for _ in range(rounds):
            before = dict(self._frame.env)
            begin()
            ends = [self._frame.env] if self._block(body) else []
            self._frame.env = merged([before, *ends])
        self._frame.env = merged([self._frame.env, *self._exits.pop()])

    def on_break(self, node: ast.Break | ast.Continue) -> bool:
        del node
        if self._exits:
            self._exits[-1].append(self._frame.env)
        return False

    def on_with(self, node: ast.With | ast.AsyncWith) -> bool:
        for item in node.items:
            value = self._evaluator.value(item.context_expr)
            if item.optional_vars is not None:
                entered = join(value, value.parts.get(ELEMENT, CLEAN))
                self._evaluator.bind(item.optional_vars, entered)
        return self._block(node.body)

    # Exceptions.

    def on_try(self, node: ast.Try | ast.TryStar) -> bool:
        before = dict(self._frame.env)
        self._frame.tries.append([])
        is_through = self._block(node.body)
        after = self._frame.env
        if is_through:
            is_through = self._block(node.orelse)
        ends = [self._frame.env] if is_through else []
        raised = self._frame.tries.pop()
        # An exception can leave the body anywhere, so a handler may see either state.
        anywhere = merged([before, after])
        for handler in node.handlers:
            self._frame.env = dict(anywhere)
            raised = self._handle(handler, raised, ends)
        for exception, value in raised:
            self._frame.raise_(exception, value)
        is_alive = self._meet(ends)
        if not is_alive:
            self._frame.env = anywhere
        return self._block(node.finalbody) and is_alive

    def _handle(
        self, handler: ast.ExceptHandler, raised: list[tuple[str, Value]], ends: list[Env]
    ) -> list[tuple[str, Value]]:
        """Follow one handler; returns the exceptions that it does not catch."""
        names = self._caught(handler)
        value = self._quoting(handler, names)
        left: list[tuple[str, Value]] = []
        for exception, carried in raised:
            if self._catches(names, exception):
                value = join(value, carried)
            else:
                left.append((exception, carried))
        if handler.name:
            self._frame.env[handler.name] = value
        self._frame.handled.append(value)
        if self._block(handler.body):
            ends.append(self._frame.env)
        self._frame.handled.pop()
        return left

    def _caught(self, handler: ast.ExceptHandler) -> list[str]:
        if handler.type is None:
            return ["BaseException"]
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        module = self._frame.function.module
        return [self._world.program.dotted(kind, module) for kind in kinds]

    def _catches(self, names: list[str], exception: str) -> bool:
        lineage = {one.qualname for one in self._world.program.lineage(exception)}
        lineage |= self._world.program.outside_bases(exception) | {exception}
        lineage |= {"Exception", "BaseException"}
        return not lineage.isdisjoint(names)

    def _quoting(self, handler: ast.ExceptHandler, names: list[str]) -> Value:
        """What the caught exception says of itself when it is known to quote its input."""
        for name in names:
            last = name.rpartition(".")[2]
            if last in knowledge.QUOTING_EXCEPTIONS and name not in self._world.program.classes:
                assert handler.type is not None
                spot = self._frame.spot(handler.type)
                source = Source(EXCEPTION_TEXT, last, spot, is_likely=True)
                return Value(holds={source: ()})
        known = next((name for name in names if name in self._world.program.classes), "")
        return Value(cls=known) if known else OPAQUE._replace(is_opaque=False)

    def on_raise(self, node: ast.Raise) -> bool:
        if node.cause is not None:
            self._evaluator.value(node.cause)
        if node.exc is None:
            return False
        value = self._evaluator.value(node.exc)
        is_again = any(value is one for one in self._frame.handled)
        if not is_again:
            self._frame.reach(
                "pii-exception", node, f"raise {shown(node.exc)}", self._frame.show(value)
            )
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = value.cls or self._world.program.dotted(called, self._frame.function.module)
            self._frame.raise_(name, value)
        return False

    def on_assert(self, node: ast.Assert) -> bool:
        self._evaluator.value(node.test)
        if node.msg is not None:
            taints = self._frame.show(self._evaluator.value(node.msg))
            self._frame.reach("pii-exception", node, "assert", taints)
        return True

    # Patterns.

    def on_match(self, node: ast.Match) -> bool:
        subject = self._evaluator.value(node.subject)
        before = self._frame.env
        ends: list[Env] = [before]
        for case in node.cases:
            self._frame.env = dict(before)
            self._pattern(case.pattern, subject)
            self._evaluator.value(case.guard)
            if self._block(case.body):
                ends.append(self._frame.env)
        return self._meet(ends)

    def _pattern(self, pattern: ast.pattern, value: Value) -> None:
        match pattern:
            case ast.MatchAs(pattern=inner, name=name):
                if inner is not None:
                    self._pattern(inner, value)
                self._capture(pattern, name, value)
            case ast.MatchStar(name=name):
                self._capture(pattern, name, many(value))
            case ast.MatchOr(patterns=patterns):
                for one in patterns:
                    self._pattern(one, value)
            case ast.MatchSequence(patterns=patterns):
                for index, one in enumerate(patterns):
                    self._pattern(one, value.parts.get(str(index), elements(value)))
            case ast.MatchMapping(keys=keys, patterns=patterns):
                for key, one in zip(keys, patterns, strict=True):
                    literal = key.value if isinstance(key, ast.Constant) else None
                    self._pattern(one, self._evaluator.item(value, literal, key, frozenset()))
            case ast.MatchClass():
                self._class_pattern(pattern, value)

    def _class_pattern(self, pattern: ast.MatchClass, value: Value) -> None:
        cls = self._evaluator.value(pattern.cls).refers
        if value.cls != cls and cls in self._world.program.classes:
            value = Value(value.taints, value.holds, value.parts, cls)
        fields = list(self._world.models.fields(cls)) if cls in self._world.program.classes else []
        named = [*zip(fields, pattern.patterns, strict=False)]
        named += [*zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)]
        for name, inner in named:
            look = self._frame.look(inner)
            self._pattern(inner, self._world.project(value, name, look, self._frame.reader))

    def _capture(self, node: ast.pattern, name: str | None, value: Value) -> None:
        if name is not None:
            self._evaluator.bind(ast.copy_location(ast.Name(id=name), node), value)

    # Definitions.

    def on_function(self, node: FunctionNode) -> bool:
        """Its body is a function of its own; what it sees around it is handed to it at the end."""
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self._evaluator.value(default)
        if self._frame.function.node is not None:
            qualname = f"{self._frame.function.qualname}.<locals>.{node.name}"
            if qualname in self._world.program.functions:
                self._nested.append(qualname)
                self._frame.env[node.name] = Value(refers=qualname)
        return True

    def on_class(self, node: ast.ClassDef) -> bool:
        """The statements of its body, in a scope of their own."""
        outside = dict(self._frame.env)
        self._block([one for one in node.body if not isinstance(one, FunctionNode)])
        self._frame.env = outside
        if self._frame.function.node is not None:
            qualname = f"{self._frame.function.qualname}.<locals>.{node.name}"
            self._frame.env[node.name] = Value(refers=qualname)
        return True


_KINDS: dict[type[ast.stmt], Callable[[Flow, Any], bool]] = {
    ast.Assign: Flow.on_assign,
    ast.AnnAssign: Flow.on_annotated,
    ast.AugAssign: Flow.on_augmented,
    ast.Expr: Flow.on_expression,
    ast.Return: Flow.on_return,
    ast.If: Flow.on_if,
    ast.For: Flow.on_for,
    ast.AsyncFor: Flow.on_for,
    ast.While: Flow.on_while,
    ast.With: Flow.on_with,
    ast.AsyncWith: Flow.on_with,
    ast.Try: Flow.on_try,
    ast.TryStar: Flow.on_try,
    ast.Raise: Flow.on_raise,
    ast.Assert: Flow.on_assert,
    ast.Match: Flow.on_match,
    ast.FunctionDef: Flow.on_function,
    ast.AsyncFunctionDef: Flow.on_function,
    ast.ClassDef: Flow.on_class,
    ast.Delete: Flow.on_delete,
    ast.Global: Flow.on_global,
    ast.Break: Flow.on_break,
    ast.Continue: Flow.on_break,
}
