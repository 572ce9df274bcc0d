"""Whether a word can be part of a name, told by its letters and by what logs speak of."""

import re

from compliance.pii.vocabulary import LOG_WORDS, THING_WORDS

_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
# Jane, O'Brien, Müller-Lüdenscheidt, J., Jr., McDonald, II
WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_APOSTROPHES}.-](?=[^\W\d_]))*\.?")
_CODE = re.compile(r"[a-z][A-Z]|\.[a-z]")


def words_of(text: str) -> frozenset[str]:
    """A set of words, written down as text."""
    return frozenset(text.split())


_SMALL = words_of("""
de del della degli dei dal dalla di da do dos das du des den der het aan uit van von vom zu zur la
le el al bin ibn ben y e i af av ter ten te op
""")


def is_name_word(word: str) -> bool:
    """A capitalised word that is neither code nor a word of logs, products or interfaces."""
    stem = word.rstrip(".")
    if not stem or WORD.fullmatch(word) is None:
        return False
    lowered = stem.lower()
    if lowered in LOG_WORDS or lowered in THING_WORDS:
        return False
    is_capitalised = stem[0].isupper() and (
        len(stem) <= 2 or any(char.islower() for char in stem[1:])
    )
    is_scots = stem.startswith(("Mc", "Mac", "De", "Di", "Le", "La"))
    return is_capitalised and (is_scots or _CODE.search(stem) is None)


def is_small_name_word(word: str) -> bool:
    """de, van, bin: small words inside a name."""
    return word.lower() in _SMALL
