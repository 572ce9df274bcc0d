"""IBANs, in one piece or in groups, in either case: country format and checksum by Presidio."""

import re
from collections.abc import Iterator

from compliance.pii.patterns.candidate import PatternHit, candidates, takes_whole

_SHAPE = re.compile(
    r"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}(?:[ -]?[0-9A-Za-z]{1,4}){3,8}(?![0-9A-Za-z])"
)
_CHARS_MIN, _CHARS_MAX = 15, 34  # ISO 13616: Norway has the shortest


def find_ibans(text: str, key: str) -> Iterator[PatternHit]:
    """Words may follow an IBAN in groups, so the longest valid row of its groups counts."""
    for candidate in candidates(_SHAPE, text, key):
        ends = [match.end() for match in re.finditer(r"[0-9A-Za-z]+", candidate.value)]
        for end in reversed(ends):
            value = candidate.value[:end]
            compact = re.sub(r"[ -]", "", value).upper()
            if _CHARS_MIN <= len(compact) <= _CHARS_MAX and takes_whole(compact, "IbanRecognizer"):
                yield PatternHit("IBAN_CODE", value, 1.0, "error")
                break
