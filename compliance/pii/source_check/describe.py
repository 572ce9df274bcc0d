"""How an expression is shown in a finding: its names, never its literals.

A literal may be personal data itself (`people["jane@example.com"]`), so of a key only the words
of our own tables are repeated.
"""

import ast

from compliance.pii.source_check.lexicon import contexts_of, is_vocabulary
from compliance.pii.source_check.values import Spot

_LENGTH_MAX = 80
_DEPTH_MAX = 8


def shown(node: ast.AST | None, depth: int = 0) -> str:
    """Such as `message["Body"]`, `user.email`, `fetch(...).json()`."""
    if depth > _DEPTH_MAX:
        return "..."
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            text = name
        case ast.Attribute(value=base, attr=name):
            text = f"{shown(base, depth + 1)}.{name}"
        case ast.Subscript(value=base, slice=ast.Constant(value=str(key))) if is_vocabulary(key):
            text = f'{shown(base, depth + 1)}["{key}"]'
        case ast.Subscript(value=base):
            text = f"{shown(base, depth + 1)}[...]"
        case ast.Call(func=function):
            text = f"{shown(function, depth + 1)}()"
        case ast.Await(value=inner) | ast.Starred(value=inner):
            text = shown(inner, depth + 1)
        case _:
            text = "..."
    return text if len(text) <= _LENGTH_MAX else f"...{text[-_LENGTH_MAX:]}"


def spot_of(node: ast.AST, path: str) -> Spot:
    """Where a node stands; columns count bytes until they are shown (`check.py` converts)."""
    line = getattr(node, "lineno", 1)
    return Spot(path, line, getattr(node, "col_offset", 0) + 1, getattr(node, "end_lineno", line))


def called(node: ast.expr | None) -> str:
    """The last name of what an expression is, such as `user` of `get_user().user` or `user[0]`."""
    while True:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name
            case ast.Subscript(value=inner) | ast.Await(value=inner) | ast.Call(func=inner):
                node = inner
            case _:
                return ""


def context_words(node: ast.expr | None) -> frozenset[str]:
    """The words that name what an expression is."""
    return contexts_of(called(node))


def path_of(node: ast.expr) -> str:
    """`a.b.c` of a chain of names; '' for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""
