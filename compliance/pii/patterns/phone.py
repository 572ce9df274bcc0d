"""Phone numbers, where something says so: a +, a key or word such as phone, or printed groups.

Bare digits are no phone: every log line has seven to fifteen of them, and many ids are a valid
number somewhere. Numbering plans are those of phonenumbers, which Presidio's recognizer asks too;
asked directly, region by region and no further than the first that knows the number, because the
recognizer searches the text anew for each region.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from compliance.pii.patterns.candidate import Candidate, PatternHit, candidates
from compliance.pii.third_party import quiet_import

DEFAULT_REGIONS = (
    "US", "GB", "DE", "FR", "IN", "BR", "ES", "IT", "NL", "PL", "SE", "JP", "CA", "AU",
)  # fmt: skip
_SHAPE = re.compile(
    r"(?<![\w+])(?<!\d[.,:/-])(?:\+\s?\(?|\()?\d(?:[ ()./-]{0,3}\d){6,16}"
    r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w:/-]|[.,]\d)"
)
_PHONE_WORDS = re.compile(
    r"(?i)phone|mobile|whatsapp|msisdn|voicemail|twilio"
    r"|(?<![a-z])(?:tel|cell|fax|sms|call(?:er|ed|ing|s)?|dial(?:ed|ing)?|rang)(?![a-z])"
)
# Words that introduce a phone number as they do others: the number itself must look like one.
_NUMBER_WORDS = re.compile(r"(?i)(?<![a-z])(?:number|contact|reach(?:ed)?|voice|customer)(?![a-z])")
# Groups in which people write national numbers: 212-555-0142, (212) 555-0142, 212.555.0142,
# 020 7946 0018, 01 99 00 12 34, 030/1234567.
_PRINTED = re.compile(
    r"(?:\(\d{2,5}\)[ -]?\d{3,4}[ -]?\d{3,4}|(?:1[-.])?\d{3}([-.])\d{3}\1\d{4})(?:\s?(?:x|ext).*)?"
)
_TRUNK = re.compile(
    r"(?:\(0\d{1,5}\)|0\d{1,5})(?:/?\d{3,9}|[ -]?\d{2,9})(?:[ -]\d{2,8}){0,4}(?:\s?(?:x|ext).*)?"
)
_DATE_OR_VERSION = re.compile(
    r"\d{4}([-/.])\d\d?\1\d\d?(?:\s.*)?|\d\d?([-/.])\d\d?\2\d{4}(?:\s.*)?|\d{1,3}(?:\.\d{1,3}){3}"
)
_EXTENSION = re.compile(r"\s?(?:x|ext\.?)\s?\d+\Z")
_INTERNATIONAL_DIGITS_MIN = 9
_DIGITS_MAX = 15  # ITU-T E.164


def find_phones(text: str, key: str, regions: tuple[str, ...]) -> Iterator[PatternHit]:
    """Reserved numbers such as 555-01xx count too when they are named or carry a +."""
    for candidate in candidates(_SHAPE, text, key):
        hit = None if _DATE_OR_VERSION.fullmatch(candidate.value) else _judge(candidate, regions)
        if hit is not None:
            yield hit


def _judge(candidate: Candidate, regions: tuple[str, ...]) -> PatternHit | None:
    value = candidate.value
    digits = sum(char.isdigit() for char in _EXTENSION.sub("", value))
    is_international = value.startswith("+") and digits >= _INTERNATIONAL_DIGITS_MIN
    if is_international or candidate.is_named(_PHONE_WORDS):
        if digits <= _DIGITS_MAX + 1 and is_phone(value, regions, is_strict=False):
            return PatternHit("PHONE_NUMBER", value, 0.85, "error")
        return None
    is_written = _PRINTED.fullmatch(value) or (
        _TRUNK.fullmatch(value) and (not value.isdigit() or candidate.is_named(_NUMBER_WORDS))
    )
    if is_written and is_phone(value, regions, is_strict=True):
        return PatternHit("PHONE_NUMBER", value, 0.6, "warning")
    return None


@lru_cache(20_000)
def is_phone(text: str, regions: tuple[str, ...], *, is_strict: bool) -> bool:
    """Whether a numbering plan knows the number; if not strict, whether its length is possible."""
    library: Any = quiet_import("phonenumbers")
    for region in regions[:1] if text.startswith("+") else regions:
        try:
            number = library.parse(text, region)
        except library.NumberParseException:
            continue
        if (library.is_valid_number if is_strict else library.is_possible_number)(number):
            return True
    return False
