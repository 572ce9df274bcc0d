"""Loads the heavy libraries when they are first needed, quietly, and never from the network."""

import contextlib
import importlib
import io
import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

from compliance.pii.light_import import apart, open_none, without, without_plugins

T = TypeVar("T")
NOT_INSTALLED = "not installed"
_GENERIC = "presidio_analyzer.predefined_recognizers.generic"
_PRESIDIO_PACKAGES = (
    "presidio_analyzer",
    "presidio_analyzer.nlp_engine",
    "presidio_analyzer.predefined_recognizers",
    _GENERIC,
)
_RECOGNIZERS = {
    "CreditCardRecognizer": f"{_GENERIC}.credit_card_recognizer",
    "EmailRecognizer": f"{_GENERIC}.email_recognizer",
    "IbanRecognizer": f"{_GENERIC}.iban_recognizer",
}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No notices of a library: they would stand between our lines of a report."""
    # A library may bind a log handler to stderr while it is imported; that one stays muted too.
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@cache
def quiet_import(name: str) -> ModuleType:
    """Import a library without its notices. Raises ImportError as the import statement does."""
    with _quiet():
        return importlib.import_module(name)


@cache
def presidio() -> SimpleNamespace:
    """Those of Presidio's recognizers that judge what our patterns pick out."""
    import logging  # noqa: PLC0415 - as below: a start without it is a start sooner

    # Presidio logs the text that it fails to validate; that text is what must not be printed.
    logger = logging.getLogger("presidio-analyzer")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    with _quiet():
        return _lightly(_recognizers, _recognizers_alone)


@cache
def spacy() -> ModuleType:
    """spaCy without its command line, which brings clients of the network along, and without what
    other packages add to it.
    """
    with _quiet():
        return _lightly(partial(importlib.import_module, "spacy"), _spacy_alone)


@cache
def suffix_extractor() -> Any:
    """Public suffixes from the list inside the package: no download, no cache folder."""
    with _quiet():
        return _lightly(_extractor, _extractor_alone)


def version_of(distribution: str) -> str:
    """The installed version, or NOT_INSTALLED."""
    import importlib.metadata  # noqa: PLC0415 - it reads mail headers, and imports what that takes

    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return NOT_INSTALLED


def _lightly(whole: Callable[[], T], part: Callable[[], T]) -> T:
    """The part, or the whole where a release of the library is laid out in another way."""
    try:
        return part()
    except (ImportError, AttributeError):
        return whole()


def _recognizers() -> SimpleNamespace:
    return SimpleNamespace(
        **{name: getattr(importlib.import_module(of), name) for name, of in _RECOGNIZERS.items()}
    )


def _recognizers_alone() -> SimpleNamespace:
    # Its own look at public suffixes is not asked for: see `suffix_extractor`.
    with apart("presidio_analyzer"), without("tldextract"):
        open_none(*_PRESIDIO_PACKAGES, NlpArtifacts=object)
        return _recognizers()


def _spacy_alone() -> ModuleType:
    with without("spacy.cli", info=None), without_plugins():
        return importlib.import_module("spacy")


def _extractor() -> Any:
    extractor = importlib.import_module("tldextract").TLDExtract(
        suffix_list_urls=(), cache_dir=None
    )
    # The list is read at the first question. A session is never used, but would be made.
    extractor.extract_str("example.com", session=SimpleNamespace())
    return extractor


def _extractor_alone() -> Any:
    with (
        apart("tldextract"),
        without("requests", Session=object),
        without("requests_file", FileAdapter=object),
    ):
        return _extractor()
