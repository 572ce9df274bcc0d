"""The shape of a line: what is left when ids, times and numbers are blanked out.

Lines of one log statement share a shape, so dear detectors run once per shape. The rule that makes
this safe: a shape hides digits, never what tells that digits could be personal. Separators, signs
and words of the shape say whether to look for a card or a phone; the looking is done on each line.
"""

import hashlib
import re
from typing import NamedTuple

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])"
_TIME = (
    r"\d{4}[-/]\d\d[-/]\d\d"
    r"(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?(?![\d-])"
    # As in syslog and date(1): to a model, "Sat May" is somebody's name.
    r"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? {1,2})?"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d\d?\b"
)
_WITH_DIGIT = r"[A-Za-z_]*\d\w*"
# Each alternative starts where a token starts, which also keeps the expressions linear.
_IDS_AND_NUMBERS = rf"\b(?:{_UUID}|{_TIME}|{_WITH_DIGIT})"
_BASE64 = r"(?<![0-9A-Za-z+/_-])(?=[A-Za-z+/_-]*\d)[0-9A-Za-z+/_-]{32,}={0,2}"

_BLANK_LINE = re.compile(_IDS_AND_NUMBERS.encode())
_BLANK_TEXT = re.compile(f"{_BASE64}|{_IDS_AND_NUMBERS}", re.ASCII)
# No time when a word goes on behind it: the gate, which sees the line as it is, sees one token.
_IDS_AND_TIMES = re.compile(rf"\b(?:{_UUID}|(?:{_TIME})(?![0-9A-Za-z]))", re.ASCII)

# A card, IBAN, address or phone in groups is a row of 0 and short words in the shape. Whether one
# can stand there is then asked of each line, by what the digits of the real thing look like.
_GROUPED: tuple[tuple[re.Pattern[bytes], re.Pattern[bytes]], ...] = (
    (
        re.compile(rb"0[ -]0[ -]0"),
        re.compile(rb"(?<!\d)(?!\d{4}-\d\d-\d\d)\d(?:[ -]?\d){6}"),
    ),
    (
        re.compile(rb"0(?:[ -][0-9A-Za-z]{1,4}){2}"),
        re.compile(rb"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}[ -]?[0-9A-Za-z]{1,4}[ -]"),
    ),
    (
        re.compile(rb"0\.0\.0"),
        re.compile(
            rb"(?<![\d.])(?<![A-Za-z]/)"
            rb"(?!10\.|127\.|0\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.)(?:\d{1,3}\.){3}\d"
            rb"|\d{3}\.\d{3}\.\d{4}"
        ),
    ),
    (re.compile(rb"\(0\)"), re.compile(rb"\(\d{2,6}\)")),
    (re.compile(rb"\+ ?[(0]"), re.compile(rb"\+[ (]{0,2}\d(?:[ ()./-]{0,3}\d){6}")),
    (
        re.compile(rb"::|(?::[0-9A-Za-z]{0,4}){4}"),
        re.compile(rb"(?<![0-9A-Za-z:.])[23][0-9A-Fa-f]{3}:"),
    ),
)
# In one piece a card or an IBAN looks like any other token, so it is looked for on each line.
_WHOLE_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z])(?:[2-6]\d{12,18}|[56]\d{11}|1800\d{11}|[A-Za-z]{2}\d{2}[0-9A-Za-z]{11,30})"
    rb"(?![0-9A-Za-z])"
)
# Named digits can be a phone; the shape may have lost the word, as in a key "phone2".
_PHONE_DIGITS = re.compile(rb"\d(?:[ ()./-]{0,3}\d){6}")
_PHONE_WORD = re.compile(
    rb"phone|mobile|cell|fax|msisdn|whatsapp|sms|tel|call|dial|rang|voicemail|twilio"
)
# A national number, with the 0 that is dialled before it: 02071234567, 030/1234567.
_TRUNK_NUMBER = re.compile(rb"(?<![0-9A-Za-z_])(?<!\d[-/:.,])0\d{1,5}[ /-]?\d{3,9}")
# Before a number they end in what looks like a part of it: \n4111...
_ESCAPE = re.compile(rb"\\+(?:[nrtbf]|u[0-9A-Fa-f]{4})")
_AT_SIGNS = (b"@", b"%40", b"\\u0040")


class Shape(NamedTuple):
    """`digest` stands for the shape; the shape itself may hold names and is not kept."""

    digest: bytes
    text: bytes


def shape_of(line: bytes) -> Shape:
    """The shape of a raw line."""
    text = _BLANK_LINE.sub(b"0", line)
    return Shape(hashlib.blake2b(text, digest_size=12).digest(), text)


def grouped_numbers(shape: Shape) -> tuple[re.Pattern[bytes], ...]:
    """What has to be searched for in each line of this shape: numbers in groups, or with a +."""
    return tuple(
        in_line for in_shape, in_line in _GROUPED if in_shape.search(shape.text) is not None
    )


def may_hold_pattern(line: bytes, grouped: tuple[re.Pattern[bytes], ...]) -> bool:
    """Whether the line can hold an e-mail address, an IP address or a number of somebody's.

    `grouped` is what `grouped_numbers` says of the line's shape.
    """
    if any(sign in line for sign in _AT_SIGNS):
        return True
    if b"\\" in line:
        line = _ESCAPE.sub(b" ", line)
    return (
        _WHOLE_NUMBER.search(line) is not None
        or _TRUNK_NUMBER.search(line) is not None
        or any(number.search(line) for number in grouped)
        or (_PHONE_WORD.search(line.lower()) and _PHONE_DIGITS.search(line)) is not None
    )


def may_hold_address(text: str) -> bool:
    """Whether an e-mail address can stand in the text, also URL-encoded or JSON-escaped."""
    return any(sign.decode() in text for sign in _AT_SIGNS)


def blank(text: str) -> str:
    """A leaf as names are looked for in it: no ids, no times, each token with a digit a 0."""
    return _BLANK_TEXT.sub("0", text)


def without_ids(text: str) -> str:
    """A leaf as numbers are looked for in it: digits stay, but no UUID and no time."""
    return _IDS_AND_TIMES.sub("~", text)
