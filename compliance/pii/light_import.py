"""Imports a part of a large package without the rest of it.

`presidio_analyzer`, `spacy` and `tldextract` import all that they have when anything of them is
imported: engines, clients of the network, command lines. A scan needs a tenth of that; of a scan of
2,000 lines the rest was a third of the time. So while a part is imported, what is not needed has a
stand-in. Afterwards the stand-ins are gone, and whoever imports the whole package gets it whole.
"""

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@contextmanager
def apart(package: str) -> Iterator[None]:
    """What is imported of a package while this lasts knows its own modules and no others, and is
    met by nobody else.
    """
    before = {name: module for name, module in sys.modules.items() if _is_of(name, package)}
    _forget(package)
    try:
        yield
    finally:
        _forget(package)
        sys.modules.update(before)


@contextmanager
def without(name: str, **given: Any) -> Iterator[None]:
    """While this lasts, a package that is not imported yet has nothing but what is given, and a
    module of the same name for each.
    """
    if name in sys.modules:  # it is paid for already
        yield
        return
    for module in (name, *(f"{name}.{part}" for part in given)):
        sys.modules[module] = ModuleType(module)
        vars(sys.modules[module]).update(given, __path__=[])
    try:
        yield
    finally:
        _forget(name)
        parent, _, own = name.rpartition(".")
        if parent in sys.modules:
            vars(sys.modules[parent]).pop(own, None)


@contextmanager
def without_plugins() -> Iterator[None]:
    """While this lasts, no installed package is known to extend another one."""
    import importlib.metadata  # noqa: PLC0415 - 0.05 s, too much before the first finding

    known = importlib.metadata.entry_points
    vars(importlib.metadata)["entry_points"] = lambda **_: {}
    try:
        yield
    finally:
        vars(importlib.metadata)["entry_points"] = known


def open_none(*packages: str, **given: Any) -> None:
    """Let these packages, outermost first, be imported from without running their `__init__`.

    A class of theirs is looked for in the module called like it: PatternRecognizer in
    pattern_recognizer. `given` are names that are not worth their import. Raises ImportError.
    """
    for package in packages:
        # find_spec imports the parents, which are unopened themselves by now.
        spec = importlib.util.find_spec(package)
        if spec is None or spec.submodule_search_locations is None:
            raise ImportError(f"{package} is not installed as a package", name=package)
        module = _Unopened(package)
        vars(module).update(given, __spec__=spec, __path__=list(spec.submodule_search_locations))
        sys.modules[package] = module


class _Unopened(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if not name[:1].isupper():
            raise AttributeError(name)
        module = importlib.import_module(f"{self.__name__}.{_WORD_START.sub('_', name).lower()}")
        return getattr(module, name)


def _is_of(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if _is_of(name, package)]:
        del sys.modules[name]
