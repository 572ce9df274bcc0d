"""What functions outside the tree answer, by the tables of `knowledge.py` and by their names."""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from compliance.pii.source_check import knowledge
from compliance.pii.source_check.arguments import Argument, Arguments, everything
from compliance.pii.source_check.describe import context_words
from compliance.pii.source_check.frame import Frame
from compliance.pii.source_check.lexicon import words
from compliance.pii.source_check.sinks import BIND_METHODS, LOGGER, LOGGER_CALLS, Target
from compliance.pii.source_check.values import (
    CLEAN,
    DICT,
    KEYS,
    MESSAGE,
    NONE,
    OPAQUE,
    Taints,
    Value,
    contents,
    elements,
    join,
    join_all,
    many,
    of_source,
    text,
    union,
    with_part,
)

if TYPE_CHECKING:
    from compliance.pii.source_check.calls import Calls
    from compliance.pii.source_check.expressions import Evaluator

_MASKING_MODULES = ("hashlib.", "hmac.", "secrets.", "zlib.crc32", "zlib.adler32")
_EXCEPTION_ENDS = ("Error", "Exception", "Warning", "Exit", "Problem")


class Outside:
    """Answers for a frame's calls that leave the tree."""

    def __init__(self, frame: Frame, evaluator: "Evaluator", calls: "Calls") -> None:
        self._frame = frame
        self._world = frame.world
        self._evaluator = evaluator
        self._calls = calls

    def answer(self, target: Target, arguments: Arguments, node: ast.Call) -> Value:
        """The value of a call of something that is not in the tree."""
        by_table = _ANSWERS.get(target.qualname)
        if by_table is not None:
            return by_table(self, arguments, node)
        if target.qualname.startswith(_MASKING_MODULES):
            return CLEAN
        if target.receiver is not None and not (
            target.receiver.refers and not _has_anything(target.receiver)
        ):
            return self._method(target, target.receiver, arguments, node)
        return self._by_name(target, arguments, node)

    def _by_name(self, target: Target, arguments: Arguments, node: ast.Call) -> Value:
        """A function or class of which only the name is known."""
        if target.name.endswith(_EXCEPTION_ENDS):
            return with_part(CLEAN, MESSAGE, everything(arguments))
        if target.name[:1].isupper():
            return self._made_outside(arguments)
        hit = self._world.lexicon.getter(target.name)
        if hit is not None:
            return of_source(self._frame.source(hit, node), is_holder=hit.is_holder)
        parts = words(target.name)
        if parts and parts[0] in knowledge.REFORMING_WORDS:
            made = text(self._show_all(arguments))
            return OPAQUE if made is CLEAN else made
        return OPAQUE

    def _made_outside(self, arguments: Arguments) -> Value:
        """An object of an unknown class: it has what it was given, and may show it."""
        made = Value(is_opaque=True)
        for position, argument in enumerate(arguments.all):
            if _has_anything(argument.value):
                made = with_part(made, argument.name or str(position), argument.value)
        return made

    # Methods.

    def _method(
        self, target: Target, receiver: Value, arguments: Arguments, node: ast.Call
    ) -> Value:
        name = target.name
        if name in knowledge.CLEARING_METHODS:
            return CLEAN
        assert isinstance(node.func, ast.Attribute)
        base = node.func.value
        if name in knowledge.MUTATING_METHODS and name != "setdefault":
            is_all = name in {"extend", "update"}
            added = _as_dict(arguments) if name == "update" else everything(arguments)
            self._evaluator.add_to(base, added, is_all=is_all)
        judges = (
            self._container_method,
            self._text_method,
            self._object_method,
            self._record_method,
        )
        for judge in judges:
            answer = judge(name, receiver, arguments, node)
            if answer is not None:
                return answer
        return self._named_method(name, receiver, base, node)

    def _container_method(
        self, name: str, receiver: Value, arguments: Arguments, node: ast.Call
    ) -> Value | None:
        if name in knowledge.GET_METHODS and arguments.positional:
            assert isinstance(node.func, ast.Attribute)
            contexts = self._evaluator.contexts(node.func.value)
            found = self._evaluator.item(receiver, arguments.constant(0), node, contexts)
            return join_all([found, *arguments.values[1:]]) if _is_telling(found) else found
        if name == "values":
            return many(contents(receiver))
        if name == "items":
            pair = with_part(
                with_part(CLEAN, "0", receiver.parts.get(KEYS, CLEAN)), "1", contents(receiver)
            )
            return many(pair)
        if name == "keys":
            return many(receiver.parts.get(KEYS, CLEAN))
        if name in knowledge.GET_METHODS or name == "popleft":
            return contents(receiver)
        return None

    def _text_method(
        self, name: str, receiver: Value, arguments: Arguments, node: ast.Call
    ) -> Value | None:
        del node
        if name in {"format", "format_map", "join"}:
            return text(union(self._frame.show(receiver), self._show_all(arguments)))
        if name not in knowledge.TEXT_METHODS and words(name)[:1] != ("to",):
            return None
        if name == "replace" and receiver.cls:
            return None
        if name in knowledge.SPLIT_METHODS and arguments.constant(0) == "@":
            # What follows the @ is a domain, which many people share.
            local = text(self._frame.show(receiver))
            return Value(parts={"0": local, "1": CLEAN, "2": CLEAN, "-1": CLEAN})
        if receiver.taints or receiver.holds or receiver.parts:
            return receiver
        return None

    def _object_method(
        self, name: str, receiver: Value, arguments: Arguments, node: ast.Call
    ) -> Value | None:
        del node
        if name == "errors" and arguments.constant(None, "include_input") is False:
            return CLEAN
        has_data = receiver.taints or receiver.holds or receiver.parts
        is_same = name in knowledge.SAME_METHODS and has_data
        if is_same or (receiver.cls == LOGGER and name in BIND_METHODS | {"getChild", "opt"}):
            return receiver
        return None

    def _record_method(
        self, name: str, receiver: Value, arguments: Arguments, node: ast.Call
    ) -> Value | None:
        if name not in knowledge.RECORD_METHODS:
            return None
        if receiver.cls in self._world.program.classes:
            kept = _names(arguments.keyword("include"))
            dropped = _names(arguments.keyword("exclude")) or set()
            return self._world.record(receiver, kept, dropped)
        if name in knowledge.WHOLE_METHODS and receiver.is_opaque:
            assert isinstance(node.func, ast.Attribute)
            look = self._frame.look(node, self._evaluator.contexts(node.func.value))
            return self._calls.whole(receiver, look)
        return receiver if name in knowledge.WHOLE_METHODS else None

    def _named_method(self, name: str, receiver: Value, base: ast.expr, node: ast.Call) -> Value:
        """A method of which only the name is known."""
        if receiver.cls in knowledge.SAFE_TYPES:
            return CLEAN
        contexts = self._evaluator.contexts(base)
        if receiver.cls in knowledge.PAYLOAD_TYPES:
            contexts |= {"request"}
        lexicon = self._world.lexicon
        hit = lexicon.part(name, contexts) if receiver.is_opaque or receiver.taints else None
        hit = hit or lexicon.getter(name)
        if hit is not None:
            return of_source(self._frame.source(hit, node), is_holder=hit.is_holder)
        if words(name)[:1] and words(name)[0] in knowledge.REFORMING_WORDS:
            return text(self._frame.show(receiver))
        if receiver.holds and name in {"errors", "getlist", "get_payload", "get_content"}:
            return receiver
        return OPAQUE

    # Kinds of functions.

    def clear(self, arguments: Arguments, node: ast.Call) -> Value:
        del arguments, node
        return CLEAN

    def text(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        return text(self._show_all(arguments))

    def dict(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        return _as_dict(arguments)

    def text_of_repr(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        return text(self._show_all(arguments, is_repr=True))

    def same(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        return everything(arguments)

    def listed(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        return join_all(
            elements(one.value) if one.value.cls == DICT else one.value
            for one in arguments.all
            if one.name != "key"
        )

    def dict_of_keys(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        return with_part(Value(cls=DICT), KEYS, elements(everything(arguments)))

    def element(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        return elements(everything(arguments))

    def parse(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        return Value(holds=self._show_all(arguments), is_opaque=True)

    def record(self, arguments: Arguments, node: ast.Call) -> Value:
        if not arguments.positional:
            return OPAQUE
        first = arguments.positional[0]
        look = self._frame.look(node, context_words(first.node))
        return self._calls.whole(first.value, look)

    def traceback(self, arguments: Arguments, node: ast.Call) -> Value:
        del arguments, node
        return text(self._frame.show(self._frame.current_exception()))

    def logger(self, arguments: Arguments, node: ast.Call) -> Value:
        del arguments, node
        return Value(cls=LOGGER)

    # Single functions.

    def getattr(self, arguments: Arguments, node: ast.Call) -> Value:
        values = arguments.values
        key = arguments.constant(1)
        if not isinstance(key, str) or not values:
            return OPAQUE
        contexts = self._evaluator.contexts(arguments.positional[0].node)
        look = self._frame.look(node, contexts)
        found = self._world.project(values[0], key, look, self._frame.reader)
        return join_all([found, *values[2:]])

    def enumerate(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        pair = with_part(with_part(CLEAN, "0", CLEAN), "1", elements(everything(arguments)))
        return many(pair)

    def zip(self, arguments: Arguments, node: ast.Call) -> Value:
        del node
        row = CLEAN
        for position, value in enumerate(arguments.values):
            row = with_part(row, str(position), elements(value))
        return many(row)

    def map(self, arguments: Arguments, node: ast.Call) -> Value:
        if not arguments.positional:
            return OPAQUE
        function, *rest = arguments.positional
        inner = [one._replace(value=elements(one.value)) for one in rest]
        known = self._world.program.functions.get(function.value.refers)
        if known is not None:
            answer = self._calls.apply(known, Arguments(tuple(inner)), node)
        else:
            named = Target(
                function.value.refers, function.value.refers.rpartition(".")[2], None, ""
            )
            if self._world.lexicon.is_sanitizer(named.name):
                return CLEAN
            answer = self.answer(named, Arguments(tuple(inner)), node)
        return many(answer)

    def locals(self, arguments: Arguments, node: ast.Call) -> Value:
        del arguments, node
        names = {name: value for name, value in self._frame.env.items() if "." not in name}
        return Value(parts=names, cls=DICT)

    def getenv(self, arguments: Arguments, node: ast.Call) -> Value:
        key = arguments.constant(0, "key")
        hit = self._world.lexicon.name(key) if isinstance(key, str) else None
        return of_source(self._frame.source(hit, node)) if hit else CLEAN

    def _show_all(self, arguments: Arguments, *, is_repr: bool = False) -> Taints:
        taints: Taints = NONE
        for argument in arguments.all:
            taints = union(taints, self._frame.show(argument.value, is_repr=is_repr))
        return taints


_Answer: TypeAlias = Callable[[Outside, Arguments, ast.Call], Value]
_ANSWERS: dict[str, _Answer] = {
    **dict.fromkeys(knowledge.CLEARING_CALLS, Outside.clear),
    **dict.fromkeys(knowledge.TEXT_CALLS, Outside.text),
    **dict.fromkeys(knowledge.REPR_CALLS, Outside.text_of_repr),
    **dict.fromkeys(knowledge.LIST_CALLS, Outside.listed),
    **dict.fromkeys(knowledge.SAME_CALLS, Outside.same),
    **dict.fromkeys(knowledge.ELEMENT_CALLS, Outside.element),
    **dict.fromkeys(knowledge.PARSE_CALLS, Outside.parse),
    **dict.fromkeys(knowledge.RECORD_CALLS, Outside.record),
    **dict.fromkeys(knowledge.TRACEBACK_CALLS, Outside.traceback),
    **dict.fromkeys(LOGGER_CALLS, Outside.logger),
    "builtins.dict": Outside.dict,
    "builtins.dict.fromkeys": Outside.dict_of_keys,
    "builtins.getattr": Outside.getattr,
    "builtins.enumerate": Outside.enumerate,
    "builtins.zip": Outside.zip,
    "builtins.map": Outside.map,
    "builtins.locals": Outside.locals,
    "os.getenv": Outside.getenv,
    "os.environ.get": Outside.getenv,
}


def _as_dict(arguments: Arguments) -> Value:
    """`dict(other, name=value)`, and what `update` puts in."""
    made = Value(cls=DICT)
    for argument in arguments.all:
        if argument.name:
            made = with_part(made, argument.name, argument.value)
        else:
            made = join(made, argument.value)
    return made


def _names(argument: Argument | None) -> set[str] | None:
    """The literal names in `include={"id"}`; None when they are not literal."""
    if argument is None or not isinstance(argument.node, ast.Set | ast.List | ast.Tuple | ast.Dict):
        return None
    nodes = argument.node.keys if isinstance(argument.node, ast.Dict) else argument.node.elts
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _has_anything(value: Value) -> bool:
    return bool(value.taints or value.holds or value.parts or value.cls)


def _is_telling(value: Value) -> bool:
    return not value.is_opaque or bool(value.taints or value.holds)
