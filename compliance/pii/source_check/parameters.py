"""What a function's parameters are before its first statement: what callers pass, and what names,
annotations and decorators say of it.
"""

import ast

from compliance.pii.source_check import knowledge
from compliance.pii.source_check.frame import Frame
from compliance.pii.source_check.lexicon import Hit, contexts_of, contexts_of_function
from compliance.pii.source_check.models import Typed
from compliance.pii.source_check.program import Function, FunctionNode
from compliance.pii.source_check.values import Param, Value, of_source

# How frameworks call a handler, and which parameter is what somebody sent: AWS Lambda, AMQP (pika).
_HANDLERS = (
    (frozenset({"event", "context"}), "event"),
    (frozenset({"method", "properties", "body"}), "body"),
)


def bind_parameters(frame: Frame) -> None:
    """Give every parameter its value at the start."""
    function, models = frame.function, frame.world.models
    if function.receiver:
        is_class = "classmethod" in function.decorators
        value = Value(refers=function.cls) if is_class else Value(cls=function.cls)
        frame.env[function.receiver] = value
    if function.node is None:
        return
    typed = {
        name: models.typed(function.annotations.get(name), function.module)
        for name in function.params
    }
    hits = _hits(frame, typed)
    nodes = _argument_nodes(function.node)
    for number, name in enumerate(function.params):
        frame.env[name] = _value(frame, number, typed[name], hits.get(name), nodes[name])


def _hits(frame: Frame, typed: dict[str, Typed]) -> dict[str, Hit]:
    """Which parameters are personal data by their name or type."""
    function = frame.function
    speaking = [name for name, what in typed.items() if not what.is_neutral]
    owners = contexts_of(function.cls.rpartition(".")[2]) | contexts_of_function(function.name)
    hits = frame.world.lexicon.together(speaking, owners)
    hits.update({name: Hit(what.kind) for name, what in typed.items() if what.kind})
    if validated := _validated(frame, function):
        hits.update(dict.fromkeys(function.params[:1], validated))
    for signature, payload in _HANDLERS:
        if signature.issubset(function.params):
            hits[payload] = Hit("request payload", is_holder=True)
    return hits


def _value(frame: Frame, number: int, typed: Typed, hit: Hit | None, node: ast.arg) -> Value:
    known = typed.value._replace(is_opaque=False)
    if typed.is_neutral:
        return known
    if hit and not known.cls and not known.parts:
        if hit.is_holder and hit.kind == "request payload":
            return of_source(frame.source(hit, node), is_holder=True)
        frame.named_params[number] = frame.source(hit, node)
    return known._replace(taints={Param(number): ()})


def _validated(frame: Frame, function: Function) -> Hit | None:
    """What pydantic hands a validator: the field that its decorator names."""
    assert function.node is not None
    for decorator in function.node.decorator_list:
        if not isinstance(decorator, ast.Call) or not function.cls:
            continue
        if function.decorators.isdisjoint(knowledge.VALIDATOR_DECORATORS):
            continue
        fields = frame.world.models.fields(function.cls)
        for argument in decorator.args:
            field = fields.get(str(argument.value)) if isinstance(argument, ast.Constant) else None
            if field is not None and field.source is not None:
                return Hit(field.source.kind)
    return None


def _argument_nodes(node: FunctionNode) -> dict[str, ast.arg]:
    spec = node.args
    stars = [one for one in (spec.vararg, spec.kwarg) if one is not None]
    return {one.arg: one for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *stars)}
