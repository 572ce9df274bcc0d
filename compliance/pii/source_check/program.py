"""The whole tree as one program: modules, classes, functions, and what a name refers to.

A name is resolved through imports (absolute, relative, re-exported) to a qualified name such as
`app.models.User`; names outside the tree keep their dotted name (`json.dumps`), which the tables
of `knowledge.py` know.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from compliance.pii.source_check.files import SourceFile
from compliance.pii.source_check.values import Value

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_ALIASES_MAX = 10  # re-exports followed from one name


@dataclass
class Function:
    """A function, a method, or the top level of a module or class."""

    qualname: str
    module: "Module"
    name: str
    body: list[ast.stmt]
    node: FunctionNode | None = None  # None for a top level
    cls: str = ""  # qualified name of the class it is a method of
    decorators: frozenset[str] = frozenset()  # last names
    params: tuple[str, ...] = ()  # all, in order; `self` and `cls` are left out
    variadic: frozenset[str] = frozenset()  # *args and **kwargs
    annotations: dict[str, ast.expr] = field(default_factory=dict)
    receiver: str = ""  # the name of `self` or `cls`

    @property
    def is_property(self) -> bool:
        return not self.decorators.isdisjoint({"property", "cached_property", "computed_field"})


@dataclass(frozen=True)
class FieldDef:
    """`name: annotation = value` in the body of a class; either may be missing."""

    annotation: ast.expr | None
    value: ast.expr | None
    node: ast.stmt


@dataclass
class Class:
    """A class of the tree."""

    qualname: str
    module: "Module"
    node: ast.ClassDef
    methods: dict[str, str] = field(default_factory=dict)  # name: qualified name
    fields: dict[str, "FieldDef"] = field(default_factory=dict)  # in order
    learned: dict[str, Value] = field(default_factory=dict)  # attributes as methods set them


@dataclass
class Module:
    """One file."""

    name: str  # dotted; unique in the program
    path: str
    tree: ast.Module
    is_package: bool
    bindings: dict[str, str] = field(default_factory=dict)  # name: qualified name
    aliases: dict[str, ast.expr] = field(default_factory=dict)  # top-level NAME = expression
    values: dict[str, Value] = field(default_factory=dict)  # of top-level names, as learned


class Program:
    """Everything that is known without following any flow."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.modules: dict[str, Module] = {}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, Class] = {}
        self._by_suffix: dict[str, str] = {}  # "" where several modules end so
        self._resolved: dict[str, str] = {}
        self._lineages: dict[str, list[Class]] = {}
        for file in files:
            self._add(file)

    def resolve(self, dotted: str) -> str:
        """The qualified name behind a dotted one, through re-exports. All files are added."""
        if dotted not in self._resolved:
            self._resolved[dotted] = self._resolve(dotted)
        return self._resolved[dotted]

    def _resolve(self, dotted: str) -> str:
        for _ in range(_ALIASES_MAX):
            if dotted in self.functions or dotted in self.classes or dotted in self.modules:
                return dotted
            further = self._one_alias(dotted)
            if further is None:
                return dotted
            dotted = further
        return dotted

    def module(self, name: str) -> Module | None:
        """The module of this name; a unique end of a longer name will do, as roots vary."""
        found = self.modules.get(name)
        if found is None and (full := self._by_suffix.get(name)):
            found = self.modules[full]
        return found

    def method(self, cls: str, name: str) -> Function | None:
        """A method of a class or of its bases in the tree."""
        for base in self.lineage(cls):
            if name in base.methods:
                return self.functions[base.methods[name]]
        return None

    def lineage(self, cls: str) -> list[Class]:
        """The class and its bases in the tree, nearest first."""
        if cls not in self._lineages:
            self._lineages[cls] = list(self._lineage(cls)) if cls in self.classes else []
        return self._lineages[cls]

    def _lineage(self, cls: str) -> Iterator[Class]:
        seen: set[str] = set()
        waiting = [cls]
        while waiting:
            name = waiting.pop(0)
            if name in seen or name not in self.classes:
                continue
            seen.add(name)
            found = self.classes[name]
            yield found
            waiting += self.bases(found)

    def bases(self, cls: Class) -> list[str]:
        """Qualified names of its bases, those outside the tree too."""
        return [self.dotted(base, cls.module) for base in cls.node.bases]

    def outside_bases(self, cls: str) -> set[str]:
        """Last names of all bases that are not in the tree."""
        return {
            base.rpartition(".")[2]
            for one in self.lineage(cls)
            for base in self.bases(one)
            if base not in self.classes
        }

    def dotted(self, node: ast.expr, module: Module) -> str:
        """The qualified name of a name or attribute chain; '' for other expressions."""
        if isinstance(node, ast.Subscript):  # Generic[T]
            node = node.value
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        first = module.bindings.get(node.id, node.id)
        return self.resolve(".".join([first, *reversed(names)]))

    def _one_alias(self, dotted: str) -> str | None:
        head, _, last = dotted.rpartition(".")
        rest: list[str] = []
        while head:
            rest.insert(0, last)
            module = self.module(head)
            if module is not None:
                if rest[0] in module.bindings:
                    further = ".".join([module.bindings[rest[0]], *rest[1:]])
                else:
                    further = ".".join([module.name, *rest])
                return further if further != dotted else None
            head, _, last = head.rpartition(".")
        whole = self.module(dotted)
        return whole.name if whole is not None and whole.name != dotted else None

    def _add(self, file: SourceFile) -> None:
        name = _module_name(file.file, file.root)
        while name in self.modules:
            name += "'"  # two files of one name: both are checked, the first is what imports mean
        is_package = file.file.name == "__init__.py"
        module = Module(name, file.path, file.tree, is_package)
        self.modules[name] = module
        parts = name.split(".")
        for start in range(1, len(parts)):
            suffix = ".".join(parts[start:])
            self._by_suffix[suffix] = "" if suffix in self._by_suffix else name
        _Indexer(self, module).run()


def _module_name(file: Path, root: Path) -> str:
    """Dotted: from the topmost folder with an __init__.py, or else from the root."""
    top = file.parent
    if (top / "__init__.py").exists():
        while (top / "__init__.py").exists() and top != top.parent:
            top = top.parent
    else:
        top = root
    try:
        parts = list(file.relative_to(top).with_suffix("").parts)
    except ValueError:
        parts = [file.stem]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


class _Indexer:
    """Collects the definitions and imports of one module."""

    def __init__(self, program: Program, module: Module) -> None:
        self._program = program
        self._module = module

    def run(self) -> None:
        module = self._module
        qualname = f"{module.name}.<module>"
        top = Function(qualname, module, "<module>", module.tree.body)
        self._program.functions[qualname] = top
        self._walk(module.tree.body, module.name, None)

    def _walk(self, body: list[ast.stmt], prefix: str, cls: Class | None) -> None:
        """Definitions at any depth of blocks; `prefix` is the scope's qualified name."""
        waiting: list[ast.AST] = list(reversed(body))
        is_top = prefix == self._module.name
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._function(node, prefix, cls, is_top=is_top)
            elif isinstance(node, ast.ClassDef):
                self._class(node, prefix, is_top=is_top)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._module.bindings.update(self._imports(node))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self._annotated(node, node.target.id, cls, is_top=is_top)
            elif isinstance(node, ast.Assign) and (is_top or cls is not None):
                self._assigned(node, cls)
            elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
                waiting += [
                    child
                    for child in reversed(list(ast.iter_child_nodes(node)))
                    if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
                ]

    def _annotated(self, node: ast.AnnAssign, name: str, cls: Class | None, is_top: bool) -> None:
        if cls is not None:
            cls.fields[name] = FieldDef(node.annotation, node.value, node)
        elif is_top and node.value is not None:
            self._top_name(name, node.value)

    def _assigned(self, node: ast.Assign, cls: Class | None) -> None:
        for target in node.targets:
            if not isinstance(target, ast.Name):
                continue
            if cls is None:
                self._top_name(target.id, node.value)
            else:
                cls.fields[target.id] = FieldDef(None, node.value, node)

    def _top_name(self, name: str, value: ast.expr) -> None:
        self._module.aliases[name] = value
        self._module.bindings.setdefault(name, f"{self._module.name}.{name}")

    def _function(self, node: FunctionNode, prefix: str, cls: Class | None, is_top: bool) -> None:
        qualname = f"{prefix}.{node.name}"
        if is_top:
            self._module.bindings[node.name] = qualname
        decorators = frozenset(map(_last_name, node.decorator_list))
        if qualname in self._program.functions:  # an overload, a setter: both are checked
            qualname = f"{qualname}'{node.lineno}"
        if cls is not None and not decorators & {"setter", "deleter"}:
            cls.methods[node.name] = qualname
        spec = node.args
        names = [*spec.posonlyargs, *spec.args]
        receiver = ""
        if cls is not None and names and "staticmethod" not in decorators:
            receiver = names.pop(0).arg
        stars = [arg for arg in (spec.vararg, spec.kwarg) if arg is not None]
        names += [*spec.kwonlyargs, *stars]
        self._program.functions[qualname] = Function(
            qualname,
            self._module,
            node.name,
            node.body,
            node,
            cls.qualname if cls else "",
            decorators,
            tuple(arg.arg for arg in names),
            frozenset(arg.arg for arg in stars),
            {arg.arg: arg.annotation for arg in names if arg.annotation is not None},
            receiver,
        )
        self._walk(node.body, f"{qualname}.<locals>", None)

    def _class(self, node: ast.ClassDef, prefix: str, *, is_top: bool) -> None:
        qualname = f"{prefix}.{node.name}"
        if is_top:
            self._module.bindings[node.name] = qualname
        cls = Class(qualname, self._module, node)
        self._program.classes[qualname] = cls
        self._walk(node.body, qualname, cls)

    def _imports(self, node: ast.Import | ast.ImportFrom) -> dict[str, str]:
        if isinstance(node, ast.Import):
            return {
                alias.asname or alias.name.partition(".")[0]: (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                for alias in node.names
            }
        base = node.module or ""
        if node.level:
            parts = self._module.name.split(".")
            drop = node.level - self._module.is_package
            parts = parts[: len(parts) - drop] if drop else parts
            base = ".".join([*parts, base]) if base else ".".join(parts)
        return {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
