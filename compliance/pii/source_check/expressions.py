"""What an expression's value is: one method for each kind of expression that hands something on."""

import ast
import builtins
from collections.abc import Callable
from typing import Any

from compliance.pii.source_check import knowledge
from compliance.pii.source_check.calls import Calls
from compliance.pii.source_check.describe import called, context_words, path_of
from compliance.pii.source_check.frame import Frame
from compliance.pii.source_check.lexicon import Hit, contexts_of
from compliance.pii.source_check.sinks import is_log_method
from compliance.pii.source_check.values import (
    CLEAN,
    DICT,
    ELEMENT,
    KEYS,
    OPAQUE,
    Value,
    contents,
    elements,
    join,
    join_all,
    many,
    moved,
    of_source,
    text,
    union,
    with_part,
)

_ENVIRONMENT = "os.environ"
_MADE_OF_BOTH = (ast.Add, ast.Mod, ast.Mult, ast.Div, ast.BitOr)


class Evaluator:
    """Works out expressions in a frame."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._world = frame.world
        self._calls = Calls(frame, self)

    def value(self, node: ast.expr | None) -> Value:
        """The value of an expression. Raises TooComplexError, RecursionError."""
        if node is None or isinstance(node, ast.Constant):
            return CLEAN
        self._frame.count()
        work_out = _KINDS.get(type(node))
        if work_out is not None:
            return work_out(self, node)
        for child in ast.iter_child_nodes(node):  # comparisons and the like: looked into, clean
            if isinstance(child, ast.expr):
                self.value(child)
        return CLEAN

    # Binding names.

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign to a name, an attribute, an item, or a pattern of them."""
        match target:
            case ast.Name(id=name):
                hit = self._world.lexicon.variable(name) if value.is_opaque else None
                value = self._world.named(value, hit, self._frame.look(target))
                self._set(name, moved(value, f"assigned to {name}", self._frame.spot(target)))
            case ast.Attribute():
                self._bind_attribute(target, value)
            case ast.Subscript(value=base):
                self._bind_item(target, base, value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for index, one in enumerate(targets):
                    if isinstance(one, ast.Starred):
                        self.bind(one.value, many(elements(value)))
                    else:
                        self.bind(one, self._item(value, index))

    def add_to(self, node: ast.expr, added: Value, *, is_all: bool = False) -> None:
        """Something is put into what the expression names: `items.append(x)`; with `is_all` all
        that is in it: `items.extend(xs)`, `data.update(more)`.
        """
        if path_of(node) and (added.taints or added.holds or added.parts or added.cls):
            known = self.value(node)
            if is_all:
                self._grow(node, join(known, added))
            else:
                self._grow(node, with_part(known, ELEMENT, added, is_joined=True))

    def _grow(self, node: ast.expr, grown: Value) -> None:
        """What an expression names holds more now; so it does for others who see it."""
        is_local = path_of(node) in self._frame.env
        self._frame.env[path_of(node)] = grown
        if isinstance(node, ast.Attribute):
            self._learn(node, grown)
        elif isinstance(node, ast.Name) and not is_local:
            dotted = self._frame.function.module.bindings.get(node.id, "")
            owner, _, name = self._world.program.resolve(dotted).rpartition(".")
            module = self._world.program.module(owner)
            if module is not None:
                self._world.learn_global(module.name, name, self._frame.outward(grown))

    def _set(self, path: str, value: Value) -> None:
        env = self._frame.env
        prefix = path + "."
        for known in [name for name in env if name.startswith(prefix)]:
            del env[known]
        env[path] = value
        if path in self._frame.globals:
            self._world.learn_global(self._frame.function.module.name, path, value)

    def _bind_attribute(self, target: ast.Attribute, value: Value) -> None:
        if path := path_of(target):
            self._set(path, value)
        else:
            self.value(target.value)
        self._learn(target, value)

    def _learn(self, target: ast.Attribute, value: Value) -> None:
        owner = self.value(target.value)
        if owner.cls in self._world.program.classes:
            self._calls.store(owner.cls, target.attr, value)

    def _bind_item(self, target: ast.Subscript, base: ast.expr, value: Value) -> None:
        key = target.slice.value if isinstance(target.slice, ast.Constant) else None
        key_value = self.value(target.slice)
        if not path_of(base):
            self.value(base)
        elif isinstance(key, str | int):
            named = self._world.named(
                value, self._world.lexicon.name(str(key)), self._frame.look(target, is_key=True)
            )
            self._grow(base, with_part(self.value(base), str(key), named))
        else:
            if key_value.taints or key_value.holds:
                self._grow(base, with_part(self.value(base), KEYS, key_value, is_joined=True))
            self.add_to(base, value)

    def _item(self, value: Value, index: int) -> Value:
        return value.parts[str(index)] if str(index) in value.parts else elements(value)

    # Names and parts.

    def on_name(self, node: ast.Name) -> Value:
        name = node.id
        if name in self._frame.env:
            return self._frame.env[name]
        module = self._frame.function.module
        if name in module.bindings:
            return self.global_value(module.bindings[name], node)
        if name in _BUILTINS:
            return Value(refers=f"builtins.{name}", is_opaque=True)
        hit = self._world.lexicon.variable(name)
        return self._world.named(OPAQUE, hit, self._frame.look(node))

    def global_value(self, dotted: str, node: ast.expr) -> Value:
        """What an imported or top-level name is."""
        program = self._world.program
        name = program.resolve(dotted)
        if name in program.functions or name in program.classes or name in program.modules:
            return Value(refers=name)
        head, _, last = name.rpartition(".")
        module = program.module(head)
        if module is not None:
            known = self._world.global_value(module.name, last, self._frame.reader)
            if known is not None and not known.is_opaque:
                return known
            if known is None or known.refers:
                return known or OPAQUE
            hit = self._world.lexicon.variable(last)
            return self._world.named(known, hit, self._frame.look(node))
        if name == _ENVIRONMENT:
            source = self._frame.source(Hit("environment"), node)
            return of_source(source, is_holder=True)._replace(refers=_ENVIRONMENT)
        return Value(refers=name, is_opaque=True)

    def on_attribute(self, node: ast.Attribute) -> Value:
        path = path_of(node)
        if path in self._frame.env:
            return self._frame.env[path]
        base = self.value(node.value)
        if base.refers and base.refers != _ENVIRONMENT and not base.cls:
            return self.member(base.refers, node)
        if is_log_method(base, called(node.value), node.attr):
            return Value(refers=f"logging.{node.attr}")  # write = log.info; write(email)
        look = self._frame.look(node, self.contexts(node.value) | class_context(base))
        if node.attr == "__dict__":
            return self._calls.whole(base, look)
        if node.attr.startswith("__"):
            return CLEAN  # __class__ and the like
        return self._world.project(base, node.attr, look, self._frame.reader)

    def member(self, owner: str, node: ast.Attribute) -> Value:
        """An attribute of a module or class."""
        if node.attr.startswith("__"):
            return CLEAN  # __name__ and the like
        value = self.global_value(f"{owner}.{node.attr}", node)
        if not value.is_opaque or not value.refers:
            return value
        contexts = self.contexts(node.value)
        if node.attr.isupper() and contexts.isdisjoint({"setting", "config", "conf", "cfg"}):
            return value
        hit = self._world.lexicon.part(node.attr, contexts | contexts_of(owner.rpartition(".")[2]))
        if hit is None:
            return value
        return of_source(self._frame.source(hit, node), is_holder=hit.is_holder)

    def contexts(self, node: ast.expr) -> frozenset[str]:
        """The words that name an expression; `self` is called as its class."""
        if isinstance(node, ast.Name) and node.id == self._frame.function.receiver:
            name = self._frame.function.cls.rpartition(".")[2]
            return context_words(ast.Name(id=name))
        return context_words(node)

    def on_subscript(self, node: ast.Subscript) -> Value:
        base = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            self.value(node.slice)
            return base
        key: object = None
        match node.slice:
            case ast.Constant(value=key):
                pass
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
                key = -number
            case _:
                self.value(node.slice)
        contexts = self.contexts(node.value) | class_context(base)
        return self.item(base, key, node, contexts)

    def item(self, base: Value, key: object, node: ast.AST, contexts: frozenset[str]) -> Value:
        """`base[key]`, or the like with `get`; a key that is not known can be any."""
        if base.refers == _ENVIRONMENT:
            hit = self._world.lexicon.name(key) if isinstance(key, str) else None
            return of_source(self._frame.source(hit, node)) if hit else CLEAN
        if isinstance(key, bytes):  # as ASGI spells headers
            key = key.decode("latin-1")
        if isinstance(key, str):
            look = self._frame.look(node, contexts, is_key=True)
            return self._world.project(base, key, look, self._frame.reader)
        if isinstance(key, int) and str(key) in base.parts:
            return base.parts[str(key)]
        return contents(base)

    # Texts.

    def on_joined_string(self, node: ast.JoinedStr) -> Value:
        return text(union(*(self.value(part).taints for part in node.values)))

    def on_formatted(self, node: ast.FormattedValue) -> Value:
        if node.format_spec is not None:
            self.value(node.format_spec)
        value = self.value(node.value)
        return text(self._frame.show(value, is_repr=node.conversion in {ord("r"), ord("a")}))

    def on_binary(self, node: ast.BinOp) -> Value:
        # A long chain of additions nests to the left as deep as it is long, so no recursion here.
        operands: list[ast.expr] = []
        left: ast.expr = node
        is_text = True
        while isinstance(left, ast.BinOp):
            is_text = is_text and isinstance(left.op, _MADE_OF_BOTH)
            operands.append(left.right)
            left = left.left
        values = [self.value(operand) for operand in (left, *reversed(operands))]
        if not is_text:
            return CLEAN
        if any(value.parts or value.cls for value in values) and isinstance(
            node.op, ast.Add | ast.BitOr
        ):
            return join_all(values)
        return text(union(*(self._frame.show(value) for value in values)))

    # Choices.

    def on_boolean(self, node: ast.BoolOp) -> Value:
        values = [self.value(operand) for operand in node.values]
        return values[-1] if isinstance(node.op, ast.And) else join_all(values)

    def on_conditional(self, node: ast.IfExp) -> Value:
        self.value(node.test)
        return join(self.value(node.body), self.value(node.orelse))

    # Structures.

    def on_dict(self, node: ast.Dict) -> Value:
        made = Value(cls=DICT)
        for key, value_node in zip(node.keys, node.values, strict=True):
            value = self.value(value_node)
            if key is None:  # **other
                made = join(made, value)
            elif isinstance(key, ast.Constant):
                hit = self._world.lexicon.name(str(key.value)) if value.is_opaque else None
                value = self._world.named(value, hit, self._frame.look(value_node))
                made = with_part(made, str(key.value), value)
            else:
                made = with_part(made, KEYS, self.value(key), is_joined=True)
                made = with_part(made, ELEMENT, value, is_joined=True)
        return made

    def on_list(self, node: ast.List | ast.Set) -> Value:
        return many(join_all(self.value(one) for one in node.elts))

    def on_tuple(self, node: ast.Tuple) -> Value:
        made = CLEAN
        for index, one in enumerate(node.elts):
            made = with_part(made, str(index), self.value(one))
        return made

    def on_starred(self, node: ast.Starred) -> Value:
        return elements(self.value(node.value))

    def on_comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Value:
        outside = dict(self._frame.env)
        for generator in node.generators:
            self.bind(generator.target, elements(self.value(generator.iter)))
            for condition in generator.ifs:
                self.value(condition)
        if isinstance(node, ast.DictComp):
            made = with_part(Value(cls=DICT), KEYS, self.value(node.key))
            made = with_part(made, ELEMENT, self.value(node.value))
        else:
            made = many(self.value(node.elt))
        self._frame.env = outside
        return made

    # The rest.

    def on_call(self, node: ast.Call) -> Value:
        return self._calls.call(node)

    def on_inner(self, node: ast.Await) -> Value:
        return self.value(node.value)

    def on_yield(self, node: ast.Yield) -> Value:
        self._frame.answer(many(self.value(node.value)))
        return OPAQUE

    def on_yield_from(self, node: ast.YieldFrom) -> Value:
        self._frame.answer(self.value(node.value))
        return OPAQUE

    def on_walrus(self, node: ast.NamedExpr) -> Value:
        self.bind(node.target, self.value(node.value))
        return self._frame.env[node.target.id]

    def on_lambda(self, node: ast.Lambda) -> Value:
        """Its body is worked out where it stands; what it answers later is not followed."""
        outside = dict(self._frame.env)
        spec = node.args
        for argument in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
            self.bind(ast.copy_location(ast.Name(id=argument.arg), argument), OPAQUE)
        self.value(node.body)
        self._frame.env = outside
        return OPAQUE


# One table for all frames: a table of bound methods for each of thousands of functions is dear.
_KINDS: dict[type[ast.expr], Callable[[Evaluator, Any], Value]] = {
    ast.Name: Evaluator.on_name,
    ast.Attribute: Evaluator.on_attribute,
    ast.Subscript: Evaluator.on_subscript,
    ast.Call: Evaluator.on_call,
    ast.JoinedStr: Evaluator.on_joined_string,
    ast.FormattedValue: Evaluator.on_formatted,
    ast.BinOp: Evaluator.on_binary,
    ast.BoolOp: Evaluator.on_boolean,
    ast.IfExp: Evaluator.on_conditional,
    ast.Dict: Evaluator.on_dict,
    ast.List: Evaluator.on_list,
    ast.Tuple: Evaluator.on_tuple,
    ast.Set: Evaluator.on_list,
    ast.Starred: Evaluator.on_starred,
    ast.Await: Evaluator.on_inner,
    ast.YieldFrom: Evaluator.on_yield_from,
    ast.Yield: Evaluator.on_yield,
    ast.NamedExpr: Evaluator.on_walrus,
    ast.Lambda: Evaluator.on_lambda,
    ast.ListComp: Evaluator.on_comprehension,
    ast.SetComp: Evaluator.on_comprehension,
    ast.GeneratorExp: Evaluator.on_comprehension,
    ast.DictComp: Evaluator.on_comprehension,
}


def class_context(value: Value) -> frozenset[str]:
    """A request is one whatever it is called."""
    return _REQUEST if value.cls in knowledge.PAYLOAD_TYPES else frozenset()


_REQUEST = frozenset({"request"})
_BUILTINS = frozenset(dir(builtins))
