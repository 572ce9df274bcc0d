"""Loads the heavy libraries when they are first needed, quietly, and never from the network."""

import contextlib
import importlib
import importlib.metadata
import io
import logging
import warnings
from functools import cache
from types import ModuleType
from typing import Any


@cache
def quiet_import(name: str) -> ModuleType:
    """Import a library without its notices: they would stand between our lines of a report.

    Raises ImportError as the import statement does.
    """
    # A library may bind a log handler to stderr while it is imported; that one stays muted too.
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


@cache
def presidio() -> ModuleType:
    """Presidio's recognizers."""
    # Presidio logs the text that it fails to validate; that text is what must not be printed.
    logger = logging.getLogger("presidio-analyzer")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return quiet_import("presidio_analyzer.predefined_recognizers")


@cache
def suffix_extractor() -> Any:
    """Public suffixes from the list inside the package: no download, no cache folder."""
    return quiet_import("tldextract").TLDExtract(suffix_list_urls=(), cache_dir=None)


def version_of(distribution: str) -> str:
    """The installed version, or 'not installed'."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
