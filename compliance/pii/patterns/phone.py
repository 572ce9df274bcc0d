"""Phone numbers, where something says so: a +, a key or word such as phone, or printed groups.

Bare digits are no phone: every log line has seven to fifteen of them, and many ids are a valid
number somewhere. The numbering plan itself is phonenumbers', through Presidio's recognizer.
"""

import re
from collections.abc import Iterator

from compliance.pii.patterns.candidate import PatternHit, candidates, takes_whole

DEFAULT_REGIONS = ("US", "GB", "DE", "FR", "IN", "BR")
_SHAPE = re.compile(
    r"(?<![\w+])(?<!\d[.,:/-])(?:\+\s?\(?|\()?\d(?:[ ()./-]{0,2}\d){6,16}"
    r"(?:\s?(?:x|ext\.?)\s?\d{1,5})?(?![\w:/-]|[.,]\d)"
)
_PHONE_WORDS = re.compile(
    r"(?i)phone|mobile|whatsapp|msisdn|(?<![a-z])(?:tel|cell|fax|sms|call(?:er|ed)?)(?![a-z])"
)
# Groups in which people write national numbers: 212-555-0142, (212) 555-0142, 212.555.0142.
_PRINTED = re.compile(
    r"(?:\(\d{2,5}\)[ -]?\d{3,4}[ -]?\d{3,4}|(?:1[-.])?\d{3}([-.])\d{3}\1\d{4})(?:\s?(?:x|ext).*)?"
)
_DATE_OR_VERSION = re.compile(
    r"\d{4}([-/.])\d\d?\1\d\d?(?:\s.*)?|\d\d?([-/.])\d\d?\2\d{4}(?:\s.*)?|\d{1,3}(?:\.\d{1,3}){3}"
)
_INTERNATIONAL_DIGITS_MIN = 9
_LENIENT, _STRICT = 0, 1  # phonenumbers: a possible length, a number of the plan


def find_phones(text: str, key: str, regions: tuple[str, ...]) -> Iterator[PatternHit]:
    """Reserved numbers such as 555-01xx count too when they are named or carry a +."""
    for candidate in candidates(_SHAPE, text, key):
        value = candidate.value
        digit_count = sum(char.isdigit() for char in value)
        is_international = value.startswith("+") and digit_count >= _INTERNATIONAL_DIGITS_MIN
        is_named = candidate.is_named(_PHONE_WORDS)
        if _DATE_OR_VERSION.fullmatch(value) or not (
            is_international or is_named or _PRINTED.fullmatch(value)
        ):
            continue
        leniency = _LENIENT if is_international or is_named else _STRICT
        if takes_whole(
            value, "PhoneRecognizer", ("supported_regions", regions), ("leniency", leniency)
        ):
            is_sure = is_international or is_named
            yield PatternHit(
                "PHONE_NUMBER", value, 0.85 if is_sure else 0.6, "error" if is_sure else "warning"
            )
