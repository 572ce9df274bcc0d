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


class Shape(NamedTuple):
    """`digest` stands for the shape; the shape itself may hold names and is not kept."""

    digest: bytes
    text: bytes


def shape_of(line: bytes) -> Shape:
    """The shape of a raw line."""
    text = _BLANK_LINE.sub(b"0", line)
    return Shape(hashlib.blake2b(text, digest_size=12).digest(), text)


def blank(text: str) -> str:
    """A leaf as names are looked for in it: no ids, no times, each token with a digit a 0."""
    return _BLANK_TEXT.sub("0", text)


def without_ids(text: str) -> str:
    """A leaf as numbers are looked for in it: digits stay, but no UUID and no time."""
    return _IDS_AND_TIMES.sub("~", text)
