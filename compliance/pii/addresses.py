"""Street addresses by their form: a street's word, a name, and a number on the side of the country.

Neither spaCy nor Presidio looks for streets: of the labelled ones plain Presidio found 1 in 100.
A street without a house number counts only after words that mean nothing else (rue, ul., Calle).
"""

import re
from collections.abc import Iterable, Iterator

from compliance.pii.street_words import (
    ENGLISH,
    GERMANIC_BEFORE,
    GERMANIC_ENDINGS,
    GERMANIC_SEPARATE,
    ROMANCE_CLEAR,
    ROMANCE_WITH_NUMBER,
)
from compliance.pii.words import WORD, is_name_word, words_of

CONFIDENCE_ADDRESS = 0.75
_QUOTES = "'\N{RIGHT SINGLE QUOTATION MARK}"
_UPPER = r"(?:(?![a-z\d_])[^\W])"  # a letter that is not a small one of ASCII
# Bounded, so that no text makes the search slow.
_WORD = rf"{_UPPER}[^\W\d_]{{0,30}}(?:[{_QUOTES}.-][^\W\d_]{{1,30}}){{0,4}}\.?"
_SMALL = (
    r"(?:de la|de los|de las|de|del|della|delle|dei|di|da|do|dos|das|du|des|den|der|van|von|la|le)"
)
_NUMBER = r"\d{1,5}(?:\s?[A-Za-z])?(?:[/-]\d{1,4}[A-Za-z]?)*"
_UNIT = (
    r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Studio|Room|Box|No|H\.?\s?No|House|Plot|Puerta|Piso"
    r"|Apto|Apartamento|Appartamento|#)\.?"
)
_NAME = rf"{_WORD}(?:\s(?:{_SMALL}\s)?{_WORD}){{0,3}}"


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted({re.escape(word) for word in words}, key=len, reverse=True))


def _cased(words: Iterable[str]) -> str:
    return _any(form for word in words for form in (word, word.capitalize()))


_TAIL = rf"(?:,?\s(?:{_UNIT}|m\.)\s?\w{{1,6}})?"
_NUMBER_AFTER = rf"(?:,|,?\sn[.º°]?o?)?\s{_NUMBER}(?![\w.:])"
_FORMS = (
    # 742 Evergreen Terrace Apt. 3; 12/7, Gandhi Marg; H.No. 351, Johal Marg; Flat 2, Palmer Green
    re.compile(
        rf"(?<![\w.:=#-])(?:{_UNIT}\s?{_NUMBER},?\s(?:{_NUMBER},?\s)?|{_NUMBER},?\s)"
        rf"(?:{_WORD}\s){{1,3}}(?:{_any(ENGLISH)})\b\.?{_TAIL}"
    ),
    re.compile(r"\bP\.?\s?O\.?\s?Box\s\d{1,6}\b|\b(?:PSC|Unit)\s\d{1,5},?\s(?:APO|Box)\s\w{1,6}"),
    # Hauptstraße 5; Eva-Braun-Allee 7; Südring 3; Dorpsstraat 12a; Kungsgatan 3; Am Markt 3
    re.compile(
        rf"(?<![\w.])(?:{_UPPER}[\w.-]{{0,40}}(?:{_any(GERMANIC_ENDINGS)}|(?<![aeioprtu])ring)"
        rf"|{_WORD}(?:[\s-]{_WORD}){{0,2}}[\s-](?:{_any(GERMANIC_SEPARATE)})"
        rf"|(?:{_any(GERMANIC_BEFORE)})\s(?:(?:der|den|dem)\s)?{_WORD})\s{_NUMBER}(?![\w.:])"
    ),
    # 12, rue de la Paix; Calle de Alcalá 5; ul. Nowa 7/2; Rua Augusta, 100
    re.compile(
        rf"(?<![\w.-])(?:{_NUMBER},?\s)?(?:{_cased(ROMANCE_CLEAR)})\s(?:{_SMALL}\s|[dl]')?{_NAME}"
        rf"(?:{_NUMBER_AFTER})?{_TAIL}"
    ),
    re.compile(
        rf"(?<![\w.-])(?:{_NUMBER},?\s(?:{_cased(ROMANCE_WITH_NUMBER)})\s(?:{_SMALL}\s|[dl]')?{_NAME}"
        rf"|(?:{_cased(ROMANCE_WITH_NUMBER)})\s(?:{_SMALL}\s)?{_NAME}{_NUMBER_AFTER}){_TAIL}"
    ),
    # 富津市長畑2丁目23番5号; 港区芝公園4-2-8
    re.compile(
        r"[\u3040-\u30ff\u3005-\u3007\u4e00-\u9fff]{2,20}"
        r"(?:\d{1,3}丁目(?:\d{1,4}番地?)?(?:\d{1,3}号)?|(?<=[町村区市台園])\d{1,4}(?:-\d{1,4}){1,3})"
    ),
)
_STREET_WORDS = frozenset(
    word.lower().rstrip(".")
    for words in (ENGLISH, GERMANIC_SEPARATE, GERMANIC_BEFORE, ROMANCE_CLEAR, ROMANCE_WITH_NUMBER)
    for word in words
)
_UNIT_WORDS = words_of("""
apt apartment suite ste unit flat floor studio room box house plot puerta piso apto apartamento
appartamento
""")
_KNOWN = _STREET_WORDS | _UNIT_WORDS
_HAS_LETTERS = re.compile(r"[^\W\d_]{2}")


def find_addresses(text: str) -> Iterator[str]:
    """The street addresses in a text, as they stand there; each part of the text once."""
    # All forms but the Japanese one have a space before the number or the name.
    if (text.isascii() and len(text.split(None, 1)) < 2) or _HAS_LETTERS.search(text) is None:
        return
    end = 0
    matches = [match for form in _FORMS for match in form.finditer(text)]
    for match in sorted(matches, key=lambda match: (match.start(), -match.end())):
        if match.start() >= end and _names_a_street(match.group()):
            end = match.end()
            yield match.group().strip(" ,")


def _names_a_street(text: str) -> bool:
    """Log language has the form too: 502 Bad Gateway, 3 Worker Forks."""
    if "Box" in text:
        return True
    words = [word.group() for word in WORD.finditer(text) if word.group()[0].isupper()]
    told = [word for word in words if word.lower().rstrip(".") not in _KNOWN]
    # Some names are log words too (Calle Santiago Real 5), so the greater part decides; not half,
    # where a number comes first, as in counts (3 Worker Gibbon Forks).
    names = sum(is_name_word(word) for word in told)
    others = sum(len(word) > 3 and not is_name_word(word) for word in told)
    is_enough = names > others if text[0].isdigit() else names >= others
    return not words or (is_enough and any(is_name_word(word) for word in words))
