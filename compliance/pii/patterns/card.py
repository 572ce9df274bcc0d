"""Payment card numbers: issuer and length by ISO/IEC 7812, checksum by Presidio's recognizer."""

import re
from collections.abc import Iterator
from itertools import combinations

from compliance.pii.patterns.candidate import Candidate, PatternHit, candidates, recognizer

_DIGITS = re.compile(r"(?<![\w.+])(?<!\d-)\d(?:[ -]?\d){11,48}(?![\w]|[.,]\d)")
_CARD_WORDS = re.compile(
    r"(?i)card|payment|charge[ds]?|declin|authori[sz]|visa|maestro|(?<![a-z])(?:pan|amex|cc)(?![a-z])"
)
# Visa, Mastercard (both series), American Express, Discover, JCB, Diners.
_ISSUER = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}"
)
# Maestro, UnionPay, Visa of 13 and 19 digits, JCB of 15 look like too many other numbers to
# stand alone: byte counts, times in milliseconds.
_ISSUER_WHEN_NAMED = re.compile(
    r"4(?:\d{12}|\d{18})|(?:5[06-9]|6\d)\d{10,17}|3[0-9]\d{12,14}|2\d{15}|(?:1800|2131)\d{11}|0604\d{8}"
)
_PRINTED_GROUPS = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4)}
_NAMED_GROUPS = {(4, 4, 4), (4, 4, 4, 1), (4, 4, 4, 2), (4, 4, 4, 3)}
_GROUPS_MAX = 5


def find_cards(text: str, key: str) -> Iterator[PatternHit]:
    """A row of numbers may hold a card among others, so each run of its groups is judged."""
    for candidate in candidates(_DIGITS, text, key):
        groups = [(m.start(), m.end()) for m in re.finditer(r"\d+", candidate.value)]
        for first, end in combinations(range(len(groups) + 1), 2):
            if end - first > _GROUPS_MAX:
                continue
            value = candidate.value[groups[first][0] : groups[end - 1][1]]
            sizes = tuple(stop - start for start, stop in groups[first:end])
            hit = _judge(candidate._replace(value=value), sizes)
            if hit is not None:
                yield hit


def _judge(candidate: Candidate, sizes: tuple[int, ...]) -> PatternHit | None:
    is_printed = sizes in _PRINTED_GROUPS
    is_named = candidate.is_named(_CARD_WORDS)
    if len(sizes) > 1 and not is_printed and not (is_named and sizes in _NAMED_GROUPS):
        return None  # an epoch and a year, two counters
    digits = re.sub(r"\D", "", candidate.value)
    is_sure = is_printed or is_named
    if not _ISSUER.fullmatch(digits) and not (is_sure and _ISSUER_WHEN_NAMED.fullmatch(digits)):
        return None
    if not recognizer("CreditCardRecognizer").validate_result(digits):
        return None
    # One in ten numbers of the right length passes the checksum, so a bare one is less sure.
    return PatternHit("CREDIT_CARD", candidate.value, 1.0 if is_sure else 0.7, "error")
