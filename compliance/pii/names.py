"""Names of people and places in running text, once per distinct text.

Three ways, because spaCy's entity recognizer, made for prose, misses half of the names in log
lines. It reads the text, decoded and with ids blanked out. Each run of two to four capitalised
words that are no log language is read again inside plain sentences ("I met .. yesterday"), where a
name is known for one; a word such as "to" or "customer" before the run is a witness too. And a run
still in doubt, or one with small words inside that names seldom have, is read in its line as that
was written, as plain Presidio reads it: what the model happens to know there is not lost.

spaCy gives no score, so confidence comes from the way a name was found. One capitalised word alone
is more often the start of a log message; organisations, dates and the like are not personal data
on their own and are left out: on clean logs they were 9 of 10 findings.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from compliance.pii.model import load_model
from compliance.pii.third_party import version_of
from compliance.pii.words import WORD, is_name_word, is_small_name_word

TEXT_CHARS_MAX = 2_000
_BATCH = 64
_TEXTS_PER_ROUND = 512
_LABELS = {"PERSON": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION"}
_NOT_IN_NAME = re.compile(r"[^\w\s'\N{RIGHT SINGLE QUOTATION MARK}.,-]|[\d_]")
# House number before, postcode after; the blanked text shows both as 0.
_NUMBER_BEFORE = re.compile(r"(?:^|\s)0(?: [A-Z]\w+)?\Z")
_NUMBER_AFTER = re.compile(r",? ?(?:[A-Z]{2} )?0\b")
_CONFIDENCE_NAME, _CONFIDENCE_ADDRESS, _CONFIDENCE_WORD = 0.85, 0.6, 0.4
_CONFIDENCE_RUN = 0.7

# The last one believes in most things: alone it counts only for a run that something introduces.
_SENTENCES = (
    "I met {} yesterday.",
    "{} was born in 1970.",
    "My friend {} is a doctor.",
    "Mr. {} said that he was happy.",
)
_VOTES_ALONE = 3  # for a run that nothing introduces; 2 doubles what is made up
_RUN_WORDS_MAX = 4  # small ones not counted
_SMALL_WORDS_EACH = 2  # van der, de la, von und
_ANY_SMALL_CHARS_MAX = 4
# Jan van 't Hof: the gap before a small word that lost its vowel.
_GAPS = (" ", " '", " \N{RIGHT SINGLE QUOTATION MARK}")
_CUE_BEFORE = re.compile(
    r"(?:(?i:\b(?:to|for|from|by|of|and|cc|dear|hello|hi|mr|mrs|ms|dr|user|customer|client|recipient|"
    r"sender|holder|owner|patient|guest|name|contact|buyer|payee|payer|signed|attn))\W{1,3}|['\"(<]\s?)\Z"
)
_CUE_AFTER = re.compile(r"\s?[<(]\s?0|['\"]\s?[,)}\]]")
# Two words of a script without capitals: Japanese, Chinese; one of Korean, Arabic, Hindi ...
_OTHER_SCRIPT = re.compile(
    r"(?<![\u3005-\u30ff\u3400-\u9fff])[\u3005-\u30ff\u3400-\u9fff]{1,5}[ \u3000]"
    r"[\u3005-\u30ff\u3400-\u9fff]{1,5}(?![\u3005-\u30ff\u3400-\u9fff])"
    r"|[\uac00-\ud7af]{2,4}|[\u0590-\u08ff]{2,}(?: [\u0590-\u08ff]{2,}){1,2}"
    r"|[\u0900-\u0e7f]{2,}(?: [\u0900-\u0e7f]{2,}){1,2}"
)


@dataclass(frozen=True)
class NamedEntity:
    """A name in a text. `value` never leaves the scanner."""

    entity: str
    value: str
    confidence: float


class Text(NamedTuple):
    """What names are looked for in: a leaf, ids blanked out, and the line that it came from."""

    text: str
    line: bytes


class _Run(NamedTuple):
    """Capitalised words in a row, and whether what stands around them says that it is a name."""

    text: str
    is_introduced: bool


def may_hold_name(text: str) -> bool:
    """Cheap: two words or more, of which one is capitalised and no plain log language."""
    if not text.isascii() and _OTHER_SCRIPT.search(text):
        return True
    words = WORD.findall(text)
    return len(words) > 1 and any(is_name_word(word) for word in words)


class NameFinder:
    """A loaded model. Loading takes about a second, a distinct text about 5 ms."""

    def __init__(self, model: str | None = None) -> None:
        """Raises ModelMissingError when the model asked for, or any known one, is missing."""
        name, self._pipeline = load_model(model)
        self.version = f"{name} {version_of(name)}"

    def find(self, texts: Iterable[Text]) -> Iterator[list[NamedEntity]]:
        """The names in each text, in the order of the texts."""
        remaining = iter(texts)
        while some := list(islice(remaining, _TEXTS_PER_ROUND)):
            documents = self._read(asked.text for asked in some)
            seen = [list(_seen(document)) for document in documents]
            # Only what the model missed in the text is shown to it again.
            runs = [
                _missed(_runs(asked.text), found) for asked, found in zip(some, seen, strict=True)
            ]
            loose = [
                _missed(_loose_runs(asked.text), found)
                for asked, found in zip(some, seen, strict=True)
            ]
            votes = self._votes({run.text for missed in runs for run in missed})
            sure = [[run for run in missed if _is_elected(run, votes[run.text])] for missed in runs]
            doubtful = [
                doubt
                for number, asked in enumerate(some)
                for run in [*runs[number], *loose[number]]
                if run not in sure[number] and (doubt := _doubt(number, asked.line, run.text))
            ]
            known = {(doubt.number, doubt.run) for doubt in self._as_written(doubtful)}
            for number, (asked, found) in enumerate(zip(some, seen, strict=True)):
                names = [
                    run.text
                    for run in [*runs[number], *loose[number]]
                    if run in sure[number] or (number, run.text) in known
                ]
                names = [name for name in names if not _is_part(name, {*names} - {name})]
                names += [match.group() for match in _OTHER_SCRIPT.finditer(asked.text)]
                more = [NamedEntity("PERSON", name, _CONFIDENCE_RUN) for name in names]
                yield [*(told for told in found if not _is_part(told.value, names)), *more]

    def _read(self, texts: Iterable[str]) -> Iterable[Any]:
        return self._pipeline.pipe(texts, batch_size=_BATCH)  # type: ignore[no-any-return]

    def _as_written(self, doubtful: list["_Doubt"]) -> Iterator["_Doubt"]:
        """The runs that the model takes for a person in the line as it was written."""
        windows = list(dict.fromkeys(doubt.window for doubt in doubtful))
        people_in = {
            window: [span for span in document.ents if span.label_ == "PERSON"]
            for window, document in zip(windows, self._read(windows), strict=True)
        }
        for doubt in doubtful:
            start = doubt.window.find(doubt.written)
            end = start + len(doubt.written)
            known_chars = sum(
                max(0, min(span.end_char, end) - max(span.start_char, start))
                for span in people_in[doubt.window]
            )
            if 2 * known_chars >= len(doubt.written):
                yield doubt

    def _votes(self, runs: set[str]) -> dict[str, int]:
        """In how many of the plain sentences the model takes the run for a person."""
        ordered = sorted(runs)
        votes = dict.fromkeys(ordered, 0)
        for sentence in _SENTENCES:
            start = sentence.index("{")
            filled = [sentence.format(run) for run in ordered]
            for run, document in zip(ordered, self._read(filled), strict=True):
                # A surname that is a word as well (Day, Long) may be left out by the model.
                first_word_end = start + len(run.partition(" ")[0])
                votes[run] += any(
                    span.label_ == "PERSON"
                    and span.start_char <= start
                    and span.end_char >= first_word_end
                    for span in document.ents
                )
        return votes


class _Doubt(NamedTuple):
    """A run that only its line can still speak for."""

    number: int  # of the text
    run: str
    written: str  # the run as it stands in the line
    window: str  # of the line, around the run


def _doubt(number: int, line: bytes, run: str) -> _Doubt | None:
    """The run in its line, or a part of it; None where it is written in no way that we know."""
    text = line.decode(errors="replace")
    escaped = json.dumps(run)[1:-1]
    for written in (run, escaped, json.dumps(escaped)[1:-1]):
        start = text.find(written)
        if start >= 0:
            first = max(0, start - TEXT_CHARS_MAX // 2)
            return _Doubt(number, run, written, text[first : first + TEXT_CHARS_MAX])
    return None


def _is_part(name: str, of: Iterable[str]) -> bool:
    return any(name in other for other in of)


def _is_elected(run: _Run, votes: int) -> bool:
    return votes >= (1 if run.is_introduced else _VOTES_ALONE)


def _missed(runs: Iterable[_Run], found: list[NamedEntity]) -> list[_Run]:
    return [run for run in runs if not any(_covers(told, run) for told in found)]


def _covers(told: NamedEntity, run: _Run) -> bool:
    return told.confidence >= _CONFIDENCE_NAME and run.text in told.value


def _seen(document: Any) -> Iterator[NamedEntity]:
    for span in document.ents:
        if span.label_ in _LABELS:
            yield from _entities(_LABELS[span.label_], span, document)


def _runs(text: str) -> Iterator[_Run]:
    """Two to four words in a row that look like a name, small words such as "van" between them."""
    for row in _rows(text, is_small_name_word):
        yield _run(text, row)


def _loose_runs(text: str) -> Iterator[_Run]:
    """The same with any small words between them; without the runs that need no such word."""
    for row in _rows(text, _is_any_small_word):
        if not all(is_name_word(word.group()) or is_small_name_word(word.group()) for word in row):
            yield _run(text, row)


def _is_any_small_word(word: str) -> bool:
    return word.islower() and len(word) <= _ANY_SMALL_CHARS_MAX


def _rows(text: str, is_small: Callable[[str], bool]) -> Iterator[list[re.Match[str]]]:
    row: list[re.Match[str]] = []
    for word in WORD.finditer(text):
        is_name = is_name_word(word.group())
        joins = _GAPS[:1] if is_name else _GAPS if is_small(word.group()) else ()
        if row and text[row[-1].end() : word.start()] in joins:
            row.append(word)
            continue
        yield from _bounded(row)
        row = [word] if is_name else []
    yield from _bounded(row)


def _bounded(row: list[re.Match[str]]) -> Iterator[list[re.Match[str]]]:
    while row and not is_name_word(row[-1].group()):
        row = row[:-1]
    names = sum(is_name_word(word.group()) for word in row)
    if 2 <= names <= _RUN_WORDS_MAX and len(row) - names <= _SMALL_WORDS_EACH * names:
        yield row


def _run(text: str, row: list[re.Match[str]]) -> _Run:
    start, end = row[0].start(), row[-1].end()
    before, after = text[max(0, start - 16) : start], text[end : end + 4]
    is_introduced = bool(_CUE_BEFORE.search(before) or _CUE_AFTER.match(after))
    return _Run(text[start:end], is_introduced)


def _entities(entity: str, span: Any, document: Any) -> Iterator[NamedEntity]:
    words = list(WORD.finditer(span.text))
    # The recognizer likes to take a capitalised log word along: "Failed Jane Doe".
    while words and not is_name_word(words[0].group()):
        words.pop(0)
    while words and not is_name_word(words[-1].group()):
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
