"""What annotations and classes say: which fields are personal data, and what a value shows.

`repr` of a dataclass or a pydantic model shows its fields; of a plain class it shows nothing; a
class of the tree that defines `__str__` or `__repr__` shows what these answer.
"""

import ast
from typing import NamedTuple

from compliance.pii.source_check import knowledge
from compliance.pii.source_check.lexicon import Hit, Lexicon, contexts_of
from compliance.pii.source_check.program import Class, FieldDef, Module, Program
from compliance.pii.source_check.values import CLEAN, ELEMENT, OPAQUE, Source, Spot, Value, join

_DEPTH_MAX = 8


class Typed(NamedTuple):
    """What an annotation says of a value."""

    value: Value = OPAQUE
    kind: str = ""  # of personal data, when the type itself is that
    is_neutral: bool = False  # numbers, times and the like: names do not count


class Field(NamedTuple):
    """One field of a class of the tree."""

    value: Value  # as its annotation knows it
    source: Source | None  # when it is personal data
    is_holder: bool
    is_shown: bool  # by the generated repr


class Models:
    """Knows the classes of a program; answers are kept."""

    def __init__(self, program: Program, lexicon: Lexicon) -> None:
        self._program = program
        self._lexicon = lexicon
        self._fields: dict[str, dict[str, Field]] = {}
        self._aliases: dict[str, Typed] = {}

    def typed(self, node: ast.expr | None, module: Module, depth: int = 0) -> Typed:
        """What an annotation means. A union means what its first telling member does."""
        if node is None or depth > _DEPTH_MAX:
            return Typed()
        typed: Typed
        match node:
            case ast.Constant(value=None):
                typed = _NEUTRAL
            case ast.Constant(value=str(quoted)):
                typed = self.typed(_parsed(quoted), module, depth + 1)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                typed = self._either([left, right], module, depth)
            case ast.Subscript(value=base, slice=inner):
                typed = self._generic(base, inner, module, depth)
            case ast.Call(func=function):  # a marker in Annotated: PII(...)
                typed = self.typed(function, module, depth + 1)
            case _:
                typed = self._named(node, module, depth)
        return typed

    def fields(self, cls: str) -> dict[str, Field]:
        """All fields of a class of the tree, its bases' first."""
        if cls not in self._fields:
            self._fields[cls] = {}  # a class that contains itself ends here
            found: dict[str, Field] = {}
            for one in reversed(list(self._program.lineage(cls))):
                found.update(self._own_fields(one))
            self._fields[cls] = found
        return self._fields[cls]

    def is_record(self, cls: str) -> bool:
        """Whether the generated repr shows the fields."""
        if not self._program.outside_bases(cls).isdisjoint(knowledge.RECORD_BASES):
            return True
        return any(self._decorated(one) for one in self._program.lineage(cls))

    def is_enum(self, cls: str) -> bool:
        return any("Enum" in base or "Flag" in base for base in self._program.outside_bases(cls))

    def _is_guard(self, cls: str) -> bool:
        """Whether a class of the tree decides itself how it is shown, as a masking type does."""
        return self._program.method(cls, "__repr__") is not None

    def _decorated(self, cls: Class) -> bool:
        for decorator in cls.node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            name = self._program.dotted(call.func if call else decorator, cls.module)
            if name.rpartition(".")[2] in knowledge.RECORD_DECORATORS:
                return not (call and _keyword(call, "repr") is False)
        return False

    def _own_fields(self, cls: Class) -> dict[str, Field]:
        typed = {
            name: self.typed(definition.annotation, cls.module)
            for name, definition in cls.fields.items()
        }
        speaking = [name for name, what in typed.items() if not what.is_neutral]
        hits = self._lexicon.together(speaking, contexts_of(cls.node.name))
        return {
            name: self._field(cls, name, definition, typed[name], hits.get(name))
            for name, definition in cls.fields.items()
        }

    def _field(
        self, cls: Class, name: str, definition: FieldDef, typed: Typed, hit: Hit | None
    ) -> Field:
        is_shown = True
        if isinstance(definition.value, ast.Call):
            is_shown = _keyword(definition.value, "repr") is not False
        is_constant = definition.annotation is None and not isinstance(definition.value, ast.Call)
        if typed.kind:
            hit = Hit(typed.kind)
        elif typed.is_neutral or typed.value.cls or _element_class(typed.value) or is_constant:
            hit = None
        if hit is None:
            return Field(typed.value, None, False, is_shown)
        node = definition.node
        spot = Spot(
            cls.module.path, node.lineno, node.col_offset + 1, node.end_lineno or node.lineno
        )
        source = Source(hit.kind, f"{cls.node.name}.{name}", spot, hit.is_likely)
        return Field(typed.value, source, hit.is_holder, is_shown)

    def _either(self, nodes: list[ast.expr], module: Module, depth: int) -> Typed:
        members = [self.typed(node, module, depth + 1) for node in nodes]
        telling = [member for member in members if not member.is_neutral]
        if not telling:
            return members[0]
        value = telling[0].value
        for member in telling[1:]:
            value = join(value, member.value)
        return Typed(value, next((member.kind for member in telling if member.kind), ""))

    def _generic(self, base: ast.expr, inner: ast.expr, module: Module, depth: int) -> Typed:
        name = self._program.dotted(base, module).rpartition(".")[2]
        arguments = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if name not in _GENERICS or not arguments:
            return self._named(base, module, depth)
        if name in knowledge.CONTAINER_TYPES:
            return self._container(arguments, module, depth)
        if name == "Union":
            return self._either(arguments, module, depth)
        typed = self.typed(arguments[0], module, depth + 1)
        if name == "Annotated" and not typed.kind:
            kinds = [self.typed(mark, module, depth + 1).kind for mark in arguments[1:]]
            typed = typed._replace(kind=next(filter(None, kinds), ""))
        return typed

    def _container(self, arguments: list[ast.expr], module: Module, depth: int) -> Typed:
        last = arguments[-1]
        if isinstance(last, ast.Constant) and last.value is ...:  # tuple[X, ...]
            last = arguments[0]
        element = self.typed(last, module, depth + 1)
        if element.is_neutral:
            return _NEUTRAL
        is_telling = element.value.cls or element.value.parts
        return Typed(Value(parts={ELEMENT: element.value}) if is_telling else OPAQUE, element.kind)

    def _named(self, node: ast.expr, module: Module, depth: int) -> Typed:
        name = self._program.dotted(node, module)
        last = name.rpartition(".")[2]
        if last in knowledge.PII_TYPES and not self._is_guard(name):
            return Typed(kind=knowledge.PII_TYPES[last])
        if name in self._program.classes:
            return _NEUTRAL if self.is_enum(name) else Typed(Value(cls=name))
        if last in knowledge.NEUTRAL_TYPES:
            return _NEUTRAL
        if last in knowledge.SAFE_TYPES | knowledge.PAYLOAD_TYPES:
            is_safe = last in knowledge.SAFE_TYPES
            return Typed(Value(cls=last, is_opaque=not is_safe), is_neutral=is_safe)
        return self._alias(name, depth)

    def _alias(self, name: str, depth: int) -> Typed:
        """What `Name = annotation` at the top of a module of the tree means."""
        if name not in self._aliases:
            self._aliases[name] = Typed()  # for an alias that contains itself
            head, _, last = name.rpartition(".")
            owner = self._program.module(head)
            if owner is not None:
                self._aliases[name] = self.typed(owner.aliases.get(last), owner, depth + 1)
        return self._aliases[name]


_NEUTRAL = Typed(CLEAN, is_neutral=True)
_GENERICS = knowledge.CONTAINER_TYPES | knowledge.WRAPPER_TYPES


def _element_class(value: Value) -> bool:
    return any(part.cls for part in value.parts.values())


def _keyword(call: ast.Call, name: str) -> object:
    for keyword in call.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def _parsed(quoted: str) -> ast.expr | None:
    try:
        return ast.parse(quoted, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
