"""What is learned of the whole program while functions are worked out, and what values show.

Who read a summary, a class's attribute or a module's name is remembered, and worked out again when
it grows.
"""

from collections import defaultdict
from collections.abc import Callable

from compliance.pii.source_check import knowledge
from compliance.pii.source_check.lexicon import Hit, Lexicon, is_harmless
from compliance.pii.source_check.models import Models
from compliance.pii.source_check.program import Function, Program
from compliance.pii.source_check.summaries import Look, Summary, same_values
from compliance.pii.source_check.values import (
    CLEAN,
    DICT,
    ELEMENT,
    EXCEPTION_TEXT,
    MESSAGE,
    NONE,
    OPAQUE,
    PATH_LENGTH_MAX,
    Origin,
    Param,
    Source,
    Step,
    Taints,
    Value,
    has_params,
    join,
    of_source,
    same,
    union,
    with_part,
)

_SHOW_DEPTH_MAX = 4


class World:
    """Shared by all functions of one check."""

    def __init__(self, program: Program, models: Models, lexicon: Lexicon) -> None:
        self.program = program
        self.models = models
        self.lexicon = lexicon
        self.summaries: dict[str, Summary] = {}
        self.closures: dict[str, dict[str, Value]] = {}  # of nested functions
        self.stale: dict[str, None] = {}  # functions to work out again, in order
        self.ask: Callable[[str], None] | None = None  # works a function out before its turn
        self._readers: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def summary(self, qualname: str, reader: str) -> Summary | None:
        """What is known of a function so far; None before it was worked out."""
        self._readers[qualname][reader] = None
        if qualname not in self.summaries and self.ask is not None:
            self.ask(qualname)
        return self.summaries.get(qualname)

    def attribute(self, cls: str, name: str, reader: str) -> Value | None:
        """What methods stored in an attribute of a class or of its bases."""
        found: Value | None = None
        for one in self.program.lineage(cls):
            self._readers[f"{one.qualname}.{name}="][reader] = None
            if name in one.learned:
                learned = one.learned[name]
                found = learned if found is None else join(found, learned)
        return found

    def learn_attribute(self, cls: str, name: str, value: Value) -> None:
        """Something more is stored in an attribute."""
        known = self.program.classes[cls].learned.get(name)
        grown = value if known is None else join(known, value)
        if known is None or not same(known, grown):
            self.program.classes[cls].learned[name] = grown
            self._has_grown(f"{cls}.{name}=")

    def learn_summary(self, qualname: str, summary: Summary) -> None:
        known = self.summaries.get(qualname)
        if known is not None:  # knowledge only grows, or a knot would never come to rest
            summary.returns = join(known.returns, summary.returns)
        self.summaries[qualname] = summary
        if known is None or not known.equals(summary):
            self._has_grown(qualname)

    def learn_closure(self, qualname: str, names: dict[str, Value]) -> None:
        """What a nested function sees of the function around it."""
        known = self.closures.get(qualname)
        is_same = known is not None and same_values(known, names)
        self.closures[qualname] = names
        if not is_same:
            self.stale[qualname] = None

    def learn_global(self, module: str, name: str, value: Value) -> None:
        """Something more is assigned to a module's top-level name, or put into it."""
        values = self.program.modules[module].values
        grown = join(values[name], value) if name in values else value
        if name not in values or not same(values[name], grown):
            values[name] = grown
            self._has_grown(f"{module}.{name}=")

    def global_value(self, module: str, name: str, reader: str) -> Value | None:
        """The value of a module's top-level name."""
        self._readers[f"{module}.{name}="][reader] = None
        return self.program.modules[module].values.get(name)

    def _has_grown(self, key: str) -> None:
        self.stale.update(self._readers[key])

    # What a value shows when it is made into text.

    def show(self, value: Value, reader: str, *, is_repr: bool = False, depth: int = 0) -> Taints:
        """Every origin that appears in the value's text."""
        if value is CLEAN or value is OPAQUE or depth > _SHOW_DEPTH_MAX:
            return NONE
        taints = union(_as_text(value.taints), _as_text(value.holds))
        parts = value.parts
        if value.cls in self.program.classes:
            custom = self._custom_text(value, reader, is_repr=is_repr, depth=depth)
            if custom is not None:
                return union(taints, custom)
            taints = union(taints, self._fields_shown(value, reader, depth))
            parts = self._parts_shown(value)
        for part in parts.values():
            taints = union(taints, self.show(part, reader, is_repr=True, depth=depth + 1))
        return taints

    def _custom_text(
        self, value: Value, reader: str, *, is_repr: bool, depth: int
    ) -> Taints | None:
        """What the class's own `__str__` or `__repr__` shows; None when it has none."""
        names = (
            ("__repr__", "__repr_args__") if is_repr else ("__str__", "__repr__", "__repr_args__")
        )
        for name in names:
            method = self.program.method(value.cls, name)
            if method is not None:
                summary = self.summary(method.qualname, reader)
                answer = summary.returns if summary else CLEAN
                if MESSAGE in value.parts and answer is CLEAN:
                    return NONE
                return self.show(answer, reader, is_repr=is_repr, depth=depth + 1)
        return None

    def _fields_shown(self, value: Value, reader: str, depth: int) -> Taints:
        taints: Taints = NONE
        if self.models.is_record(value.cls):
            for name, one in self.models.fields(value.cls).items():
                if not one.is_shown or name in value.parts:
                    continue
                if one.source is not None:
                    taints = union(taints, {one.source: ()})
                else:
                    taints = union(
                        taints, self.show(one.value, reader, is_repr=True, depth=depth + 1)
                    )
        return taints

    def _parts_shown(self, value: Value) -> dict[str, Value]:
        if not self.models.is_record(value.cls):
            return {MESSAGE: value.parts[MESSAGE]} if MESSAGE in value.parts else {}
        fields = self.models.fields(value.cls)
        return {
            name: part
            for name, part in value.parts.items()
            if name not in fields or fields[name].is_shown
        }

    def record(self, value: Value, kept: set[str] | None, dropped: set[str]) -> Value:
        """The dictionary that `model_dump` or `asdict` makes; `kept` None means all fields."""
        parts = dict(value.parts)
        for name, one in self.models.fields(value.cls).items():
            if name not in parts:
                parts[name] = (
                    of_source(one.source, is_holder=one.is_holder) if one.source else one.value
                )
        wanted = {
            name: part
            for name, part in parts.items()
            if name not in dropped and (kept is None or name in kept)
        }
        return Value(
            {origin: steps for origin, steps in value.taints.items() if isinstance(origin, Param)},
            value.holds,
            wanted,
            DICT,
        )

    # Parts of values.

    def project(self, value: Value, key: str, look: Look, reader: str) -> Value:
        """An attribute or an item of a value."""
        if key in value.parts:
            return self.named(value.parts[key], self.lexicon.part(key, look.contexts), look)
        if value.cls in self.program.classes:
            found = self._member(value, key, look, reader)
            if found is not None:
                return join(found, Value(_paths(value.taints, key, is_key=look.is_key)))
        if value.cls in knowledge.SAFE_TYPES or _is_known(value):
            return CLEAN
        if look.is_key and value.holds:  # what was sent to a mail service is called as mail is
            look = look._replace(contexts=look.contexts | {"mail"})
        hit = self._part_hit(key, look)
        if hit is not None:
            return of_source(look.source(hit), is_holder=hit.is_holder)
        return CLEAN if is_harmless(key) else self._rest(value, key, look)

    def _rest(self, value: Value, key: str, look: Look) -> Value:
        """A part whose name says nothing: likely what the whole is."""
        taints = _paths(value.taints, key, is_key=look.is_key)
        holds = _open(value.holds, is_key=look.is_key)
        rest = Value(taints, _likely(holds), is_opaque=value.is_opaque and not holds)
        return join(rest, value.parts.get(ELEMENT, CLEAN))

    def _part_hit(self, key: str, look: Look) -> Hit | None:
        if key.isupper() and not look.is_key and look.contexts.isdisjoint(_SETTINGS):
            return None  # a constant, such as Header.AUTHORIZATION
        return self.lexicon.part(key, look.contexts)

    def _member(self, value: Value, key: str, look: Look, reader: str) -> Value | None:
        """A field, attribute, property or method of a class of the tree; None when unknown."""
        method = self.program.method(value.cls, key)
        if method is not None:
            return self._method(method, reader)
        one = self.models.fields(value.cls).get(key)
        learned = self.attribute(value.cls, key, reader)
        if one is not None and one.source is not None:
            hit = Hit(one.source.kind, one.source.is_likely)
            return of_source(look.source(hit), is_holder=one.is_holder)
        if one is not None:
            value = one.value if learned is None else join(one.value, learned)
            return self.named(value, self.lexicon.part(key, look.contexts), look)
        if learned is not None:
            return self.named(learned, self.lexicon.name(key), look)
        is_closed = self.models.is_record(value.cls) and not self.program.outside_bases(value.cls)
        return CLEAN if is_closed else None

    def _method(self, method: Function, reader: str) -> Value:
        if not method.is_property:
            return Value(refers=method.qualname)
        summary = self.summary(method.qualname, reader)
        return summary.returns if summary else CLEAN

    def named(self, value: Value, hit: Hit | None, look: Look) -> Value:
        """A value of which nothing is known is what its name says."""
        if hit is None or not value.is_opaque or value.cls or value.parts or value.refers:
            return value
        named = of_source(look.source(hit), is_holder=hit.is_holder)
        return named._replace(taints=union(named.taints, value.taints))

    def fill(self, value: Value, arguments: list[Value], reader: str) -> Value:
        """A summary's value with a call's arguments in the place of the parameters."""
        if value is CLEAN or not has_params(value):
            return value
        filled = Value(
            _sources(value.taints),
            _sources(value.holds),
            {},
            value.cls,
            value.refers,
            value.is_opaque,
        )
        for key, part in value.parts.items():
            filled = with_part(filled, key, self.fill(part, arguments, reader))
        for origin, steps in value.taints.items():
            if isinstance(origin, Param):
                passed = self.passed(origin, arguments, reader)
                if origin.is_text:
                    shown = self.show(passed, reader)
                    filled = filled._replace(taints=union(filled.taints, _after(shown, steps)))
                else:
                    filled = join(filled, passed)
        for origin, steps in value.holds.items():
            if isinstance(origin, Param):
                shown = self.show(self.passed(origin, arguments, reader), reader)
                filled = filled._replace(holds=union(filled.holds, _after(shown, steps)))
        return filled

    def passed(self, origin: Param, arguments: list[Value], reader: str) -> Value:
        """What a call hands over for a parameter, or for a part of it."""
        value = arguments[origin.number] if origin.number < len(arguments) else CLEAN
        for key in origin.path:
            value = self.project(value, key, _UNNAMED, reader)
        return value


_UNNAMED = Look(None, "")
_SETTINGS = frozenset({"settings", "config", "conf", "cfg", "options"})


def _is_known(value: Value) -> bool:
    """Whether it certainly has no personal data in any part, such as a literal."""
    return (
        value.cls in {"", DICT}
        and not (value.is_opaque or value.taints or value.holds or value.refers)
        and ELEMENT not in value.parts
    )


def _after(taints: Taints, steps: tuple[Step, ...]) -> Taints:
    return {origin: before + steps for origin, before in taints.items()}


def _sources(taints: Taints) -> Taints:
    return {origin: steps for origin, steps in taints.items() if isinstance(origin, Source)}


def _as_text(taints: Taints) -> Taints:
    if not any(isinstance(origin, Param) and not origin.is_text for origin in taints):
        return taints
    return {
        origin._replace(is_text=True) if isinstance(origin, Param) else origin: steps
        for origin, steps in taints.items()
    }


def _likely(taints: Taints) -> Taints:
    return {
        origin._replace(is_likely=True) if isinstance(origin, Source) else origin: steps
        for origin, steps in taints.items()
    }


def _open(holds: Taints, *, is_key: bool) -> Taints:
    """What a part whose name says nothing can be.

    An item of a payload may be anything that a sender wrote. A header is asked for by a name that
    tells, and so is an attribute; only an exception's attributes quote its input as its text does.
    """
    return {
        origin: steps
        for origin, steps in holds.items()
        if (is_key if isinstance(origin, Param) else _is_open(origin, is_key=is_key))
    }


def _is_open(source: Source, *, is_key: bool) -> bool:
    return source.kind != "headers" if is_key else source.kind == EXCEPTION_TEXT


def _paths(taints: Taints, key: str, *, is_key: bool) -> Taints:
    """The origins of a part: an item of a text is text of the same origin, an attribute is not."""
    found: dict[Origin, tuple[Step, ...]] = {}
    for origin, steps in taints.items():
        if isinstance(origin, Param) and not origin.is_text:
            if len(origin.path) < PATH_LENGTH_MAX:
                found[origin._replace(path=(*origin.path, key))] = steps
        elif is_key:
            found[origin] = steps
    return found
