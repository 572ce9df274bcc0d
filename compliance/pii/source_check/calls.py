"""What a call does: lets its arguments out, hands them on, stores them, or answers nothing of them.

The order of judging: a function or class of the tree is known by its summary; then sinks; then
functions that mask; then the tables of `knowledge.py`; then names.
"""

import ast
from typing import TYPE_CHECKING

from compliance.pii.source_check import knowledge
from compliance.pii.source_check.arguments import (
    Argument,
    Arguments,
    everything,
    place,
    place_by_name,
    read_arguments,
)
from compliance.pii.source_check.describe import called, path_of, shown
from compliance.pii.source_check.frame import Frame
from compliance.pii.source_check.lexicon import Hit
from compliance.pii.source_check.outside import Outside
from compliance.pii.source_check.program import Function
from compliance.pii.source_check.sinks import OPTIONS, Target, rule_of, shows_exception
from compliance.pii.source_check.summaries import Look
from compliance.pii.source_check.values import (
    CLEAN,
    MESSAGE,
    Step,
    Value,
    elements,
    has_params,
    join,
    likely,
    moved,
    of_source,
    text,
    with_part,
)
from compliance.pii.source_check.wire_logs import is_switched_on

if TYPE_CHECKING:
    from compliance.pii.source_check.expressions import Evaluator

_STANDARD_STREAMS = frozenset({"sys.stderr", "sys.stdout", "sys.__stderr__", "sys.__stdout__"})


class Calls:
    """Works out calls in a frame."""

    def __init__(self, frame: Frame, evaluator: "Evaluator") -> None:
        self._frame = frame
        self._world = frame.world
        self._evaluator = evaluator
        self._outside = Outside(frame, evaluator, self)

    def call(self, node: ast.Call) -> Value:
        """The answer of a call; what it lets out is recorded in the frame."""
        target = self._target(node.func)
        arguments = read_arguments(node, self._evaluator.value)
        program = self._world.program
        if self._is_super_init(node) and self._frame.function.cls:
            return self._super_init(node, arguments)
        if target.receiver is not None and target.name in knowledge.REVEALING_METHODS:
            return of_source(self._frame.source(Hit("personal data"), node))
        if target.qualname in program.functions:
            return self._known(program.functions[target.qualname], target, arguments, node)
        if target.qualname in program.classes:
            return self.construct(target.qualname, arguments, node)
        if is_switched_on(target, arguments, node):
            self._frame.wire_log(node, shown(node.func))
        if rule := rule_of(target):
            self._let_out(rule, target, arguments, node)
        if self._world.lexicon.is_sanitizer(target.name):
            return CLEAN
        answer = self._outside.answer(target, arguments, node)
        return join(answer, self._handed_functions(arguments, node))

    def store(self, cls: str, attribute: str, value: Value) -> None:
        """An attribute of an object of the tree is set."""
        if attribute != MESSAGE:  # each exception says its own, as its constructor's summary tells
            self._world.learn_attribute(cls, attribute, self._frame.outward(value))
        if has_params(value) or self._frame.function.name == "__init__":
            key = (cls, attribute)
            known = self._frame.summary.stores.get(key, CLEAN)
            self._frame.summary.stores[key] = join(known, value)

    def whole(self, value: Value, look: Look) -> Value:
        """Everything in an object, as `vars` shows it."""
        if value.cls in self._world.program.classes:
            return self._world.record(value, None, set())
        if value.is_opaque and (hit := self._world.lexicon.whole(look.contexts)):
            return of_source(look.source(hit), is_holder=True)
        return value

    def apply(self, function: Function, arguments: Arguments, node: ast.AST) -> Value:
        """Call a function of the tree."""
        placed = place(arguments, function)
        values = [
            self._passed(name, value, given)
            for name, (value, given) in zip(function.params, placed, strict=True)
        ]
        summary = self._world.summary(function.qualname, self._frame.reader)
        if summary is None:
            return CLEAN
        reader = self._frame.reader
        for (param, _, _), reach in summary.reaches.items():
            passed = self._world.passed(param, values, reader)
            taints = self._frame.show(passed)
            if taints:
                what = f"passed to {function.name} as {function.params[param.number]}"
                self._frame.reach_through(reach, taints, Step(what, self._frame.spot(node)))
        for exception, value in summary.raises.items():
            self._frame.raise_(exception, self._world.fill(value, values, reader))
        for (cls, attribute), value in summary.stores.items():
            if has_params(value):
                self._store_passed(cls, attribute, self._world.fill(value, values, reader))
        answer = self._world.fill(summary.returns, values, reader)
        return moved(answer, f"answered by {function.name}", self._frame.spot(node))

    def construct(self, cls: str, arguments: Arguments, node: ast.AST) -> Value:
        """Make an object of a class of the tree."""
        if self._world.models.is_enum(cls):
            return CLEAN
        made = Value(cls=cls)
        init = self._world.program.method(cls, "__init__")
        if init is not None:
            return self._by_init(made, init, arguments, node)
        if is_exception(self._world.program.outside_bases(cls)):
            return with_part(made, MESSAGE, everything(arguments))
        fields = self._world.models.fields(cls)
        for (name, field), (value, given) in zip(
            fields.items(), place_by_name(arguments, tuple(fields)), strict=True
        ):
            # A field that is personal data by its declaration stays that, unless masked here.
            is_telling = value.taints or value.holds or value.parts or value.cls
            if given is not None and (is_telling or (field.source and not value.is_opaque)):
                made = with_part(made, name, value)
        return made

    def _by_init(self, made: Value, init: Function, arguments: Arguments, node: ast.AST) -> Value:
        self.apply(init, arguments, node)
        summary = self._world.summary(init.qualname, self._frame.reader)
        values = [value for value, _ in place(arguments, init)]
        for (owner, attribute), value in (summary.stores if summary else {}).items():
            if any(one.qualname == owner for one in self._world.program.lineage(made.cls)):
                filled = self._world.fill(value, values, self._frame.reader)
                made = with_part(made, attribute, filled)
        return made

    def _store_passed(self, cls: str, attribute: str, value: Value) -> None:
        """A function stores what it was passed. The class is one for all its objects here, so that
        what one of them is given is only likely in another, and is followed no further than that.
        """
        if attribute == MESSAGE:
            self.store(cls, attribute, value)
        else:
            self._world.learn_attribute(cls, attribute, likely(self._frame.outward(value)))
            if has_params(value):
                key = (cls, attribute)
                known = self._frame.summary.stores.get(key, CLEAN)
                self._frame.summary.stores[key] = join(known, value)

    def _passed(self, param: str, value: Value, given: ast.expr | None) -> Value:
        if given is None or not value.is_opaque:
            return value
        hit = self._world.lexicon.variable(param)
        return self._world.named(value, hit, self._frame.look(given))

    def _target(self, node: ast.expr) -> Target:
        if not isinstance(node, ast.Attribute):
            value = self._evaluator.value(node)
            return Target(value.refers, called(node), None, "")
        receiver = self._evaluator.value(node.value)
        name = node.attr
        method = self._world.program.method(receiver.cls, name)
        if method is not None:
            return Target(method.qualname, name, receiver, called(node.value))
        known = self._frame.env.get(path_of(node))
        if known is not None and known.refers:
            return Target(known.refers, name, receiver, called(node.value))
        if receiver.refers and not receiver.cls:
            inherited = self._world.program.method(receiver.refers, name)
            if inherited is not None:
                return Target(inherited.qualname, name, receiver, called(node.value))
            dotted = self._evaluator.global_value(f"{receiver.refers}.{name}", node).refers
            return Target(dotted, name, receiver, called(node.value))
        learned = self._world.attribute(receiver.cls, name, self._frame.reader)
        return Target(learned.refers if learned else "", name, receiver, called(node.value))

    def _known(
        self, function: Function, target: Target, arguments: Arguments, node: ast.Call
    ) -> Value:
        is_by_class = target.receiver is not None and (
            target.receiver.refers in self._world.program.classes
        )
        if is_by_class and function.receiver and "classmethod" not in function.decorators:
            arguments = arguments.without_first(1)  # Class.method(self, ...)
        answer = self.apply(function, arguments, node)
        return CLEAN if self._world.lexicon.is_sanitizer(function.name) else answer

    def _handed_functions(self, arguments: Arguments, node: ast.Call) -> Value:
        """`submit(function, x)`, `to_thread(function, x)`: who is handed a function calls it."""
        answer = CLEAN
        if called(node.func) in knowledge.VALIDATOR_MARKS:
            read = of_source(self._frame.source(Hit("validated input", is_likely=True), node))
            arguments = Arguments((*arguments.all, Argument("", read, node)))
        for position, argument in enumerate(arguments.positional):
            function = self._world.program.functions.get(argument.value.refers)
            if function is not None:
                rest = arguments.without_first(position + 1)
                answer = join(answer, self.apply(function, rest, node))
        target = arguments.keyword("target")
        function = self._world.program.functions.get(target.value.refers) if target else None
        if function is not None and (given := arguments.keyword("args")) is not None:
            spread = given._replace(name="", value=elements(given.value), is_spread=True)
            self.apply(function, Arguments((spread,)), node)
        return answer

    def _let_out(self, rule: str, target: Target, arguments: Arguments, node: ast.Call) -> None:
        told = shown(node.func)
        stream = arguments.keyword("file")
        if stream is not None and stream.value.refers not in _STANDARD_STREAMS:
            return
        for argument in arguments.all:
            if argument.name in OPTIONS and argument.name != "exc_info":
                continue
            value = argument.value
            if value.is_opaque and argument.name:
                hit = self._world.lexicon.variable(argument.name)
                value = self._world.named(value, hit, self._frame.look(argument.node))
            self._frame.reach(rule, node, told, self._frame.show(value))
        traceback = arguments.keyword("exc_info")
        is_off = traceback is None or (
            isinstance(traceback.node, ast.Constant) and not traceback.node.value
        )
        if not is_off or (traceback is None and shows_exception(target)):
            taints = self._frame.show(self._frame.current_exception())
            self._frame.reach(rule, node, told, taints)

    def _is_super_init(self, node: ast.Call) -> bool:
        match node.func:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"):
                return True
        return False

    def _super_init(self, node: ast.Call, arguments: Arguments) -> Value:
        program = self._world.program
        own = self._frame.function.cls
        for one in list(program.lineage(own))[1:]:
            if "__init__" in one.methods:
                return self.apply(program.functions[one.methods["__init__"]], arguments, node)
        if is_exception(program.outside_bases(own)):
            shown_text = text(self._frame.show(everything(arguments)))
            self.store(own, MESSAGE, shown_text)
            if path := self._frame.function.receiver:
                self._frame.env[f"{path}.{MESSAGE}"] = shown_text
        return CLEAN


def is_exception(bases: set[str]) -> bool:
    """Whether a class with these bases outside the tree is an exception."""
    return any(base.endswith(("Error", "Exception", "Warning", "Exit")) for base in bases)
