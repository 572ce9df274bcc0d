"""Whether a line can hold an e-mail address, an IP address or a number of somebody's.

Most lines cannot, and this is asked of each. So one pass of RE2 over the line comes first, for what
any of the exact expressions needs (it knows no look-around, but takes 2 µs where they take 60); the
exact ones are asked of the few lines that it lets pass.
"""

import re
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from compliance.pii.shape import Shape
from compliance.pii.third_party import quiet_import
from compliance.pii.words import words_of

# Who writes IBANs, as far as Presidio's recognizer knows them (a test compares). Hex ids begin with
# two letters and two digits as well, but seldom with these letters.
IBAN_COUNTRIES = words_of("""
AD AE AL AT AZ BA BE BG BH BR BY CH CR CY CZ DE DK DO EE ES FI FO FR GB GE GI GL GR GT HR HU IE IL
IS IT JO KW KZ LB LI LT LU LV MC MD ME MK MR MT MU NL NO PK PL PS PT QA RO RS SA SE SI SK SM TL TN
TR VA VG XK
""")


def _iban_start() -> bytes:
    by_first = groupby(sorted(IBAN_COUNTRIES), key=itemgetter(0))
    codes = (f"{first}[{''.join(code[1] for code in codes)}]" for first, codes in by_first)
    return rb"(?i:%b)\d{2}" % "|".join(codes).encode()


def _public_start() -> bytes:
    """How an IPv4 address of the public internet begins; RFC 1918, 1122 and 3927 are left out."""
    partly = {169: {254}, 172: set(range(16, 32)), 192: {168}}
    wholly = [str(first) for first in range(1, 256) if first not in {10, 127, *partly}]
    split = [
        rf"{first}\.(?:{'|'.join(str(next_) for next_ in range(256) if next_ not in special)})"
        for first, special in partly.items()
    ]
    return rf"(?:(?:{'|'.join(wholly)})\.\d{{1,3}}|{'|'.join(split)})\.\d{{1,3}}\.\d".encode()


_IBAN_START = _iban_start()
_PUBLIC_START = _public_start()


class _Grouped(NamedTuple):
    """A number in groups: a row of 0 and short words in the shape of its line; what its digits look
    like in the line; and the least of that, for RE2.
    """

    in_shape: re.Pattern[bytes]
    in_line: bytes
    hint: bytes


_GROUPED = (
    _Grouped(
        re.compile(rb"0[ -]0[ -]0"),
        rb"(?<!\d)(?!\d{4}-\d\d-\d\d)\d(?:[ -]?\d){6}",
        rb"\d(?:[ -]?\d){6}",
    ),
    _Grouped(
        re.compile(rb"0(?:[ -][0-9A-Za-z]{1,4}){2}"),
        rb"(?<![0-9A-Za-z])%b[ -]?[0-9A-Za-z]{1,4}[ -]" % _IBAN_START,
        rb"(?:^|[^0-9A-Za-z])%b[ -]?[0-9A-Za-z]{1,4}[ -]" % _IBAN_START,
    ),
    _Grouped(
        re.compile(rb"0\.0\.0"),
        rb"(?<![\d.])(?<![A-Za-z]/)%b|\d{3}\.\d{3}\.\d{4}" % _PUBLIC_START,
        rb"(?:^|[^\d.])%b|\d{3}\.\d{3}\.\d{4}" % _PUBLIC_START,
    ),
    _Grouped(
        re.compile(rb"\(0\)"),
        rb"\(\d{2,6}\)[ ()./-]{0,2}\d",
        rb"\(\d{2,6}\)[ ()./-]{0,2}\d",
    ),
    _Grouped(
        re.compile(rb"\+ ?[(0]"),
        rb"\+[ (]{0,2}\d(?:[ ()./-]{0,3}\d){6}",
        rb"\+[ (]{0,2}\d(?:[ ()./-]{0,3}\d){6}",
    ),
    _Grouped(
        re.compile(rb"::|(?::[0-9A-Za-z]{0,4}){4}"),
        rb"(?<![0-9A-Za-z:.])[23][0-9A-Fa-f]{3}:",
        rb"(?:^|[^0-9A-Za-z:.])[23][0-9A-Fa-f]{3}:",
    ),
)
# In one piece a card or an IBAN looks like any other token, so it is looked for on each line.
_WHOLE = rb"(?:[2-6]\d{12,18}|[56]\d{11}|1800\d{11}|%b[0-9A-Za-z]{11,30})" % _IBAN_START
# A national number, with the 0 that is dialled before it: 02071234567, 030/1234567.
# A letter after it, other than an extension's, makes it a part of an id.
_TRUNK = rb"0\d{1,5}[ /-]?\d{3,9}"
# Named digits can be a phone; the shape may have lost the word, as in a key "phone2".
_PHONE_WORD = rb"(?i:phone|mobile|cell|fax|msisdn|whatsapp|sms|tel|call|dial|rang|voicemail|twilio)"
_PHONE_DIGITS = rb"\d(?:[ ()./-]{0,3}\d){6}"
_WHOLE_NUMBER = re.compile(rb"(?<![0-9A-Za-z])%b(?![0-9A-Za-z])" % _WHOLE)
_TRUNK_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z_])(?<!\d[-/:.,])%b(?:(?![0-9A-Za-z_])|(?=x\d|ext))" % _TRUNK
)
_NAMED_NUMBER = (re.compile(_PHONE_WORD), re.compile(_PHONE_DIGITS))
_HINTS = (
    rb"(?:^|[^0-9A-Za-z])%b(?:$|[^0-9A-Za-z])" % _WHOLE,
    rb"(?:^|[^0-9A-Za-z_])%b(?:$|[^0-9A-Za-z_]|x\d|ext)" % _TRUNK,
    _PHONE_WORD,
)
# Before a number they end in what looks like a part of it: \n4111...
_ESCAPE = re.compile(rb"\\+(?:[nrtbf]|u[0-9A-Fa-f]{4})")
_AT_SIGNS = (b"@", b"%40", b"\\u0040")


class NumberGate:
    """For lines of shapes that hold numbers in the same kinds of groups."""

    def __init__(self, grouped: tuple[_Grouped, ...]) -> None:
        re2 = quiet_import("re2")
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # bytes, not characters
        options.log_errors = False
        hints = b"|".join([*_HINTS, *(number.hint for number in grouped)])
        self._may_hold_any = re2.compile(hints, options).search
        self._grouped = tuple(re.compile(number.in_line) for number in grouped)

    def lets_pass(self, line: bytes) -> bool:
        """Whether the line has to be looked at."""
        if any(sign in line for sign in _AT_SIGNS):
            return True
        if b"\\" in line:
            line = _ESCAPE.sub(b" ", line)
        return self._may_hold_any(line) is not None and self.holds_number(line)

    def holds_number(self, line: bytes) -> bool:
        """The exact answer, which takes longer."""
        return (
            _WHOLE_NUMBER.search(line) is not None
            or _TRUNK_NUMBER.search(line) is not None
            or any(number.search(line) for number in self._grouped)
            or all(part.search(line) for part in _NAMED_NUMBER)
        )


def gate_of(shape: Shape) -> NumberGate:
    """The gate for lines of this shape."""
    told = (number.in_shape.search(shape.text) is not None for number in _GROUPED)
    return _gate(tuple(told))


@cache
def _gate(told: tuple[bool, ...]) -> NumberGate:
    return NumberGate(
        tuple(number for number, is_told in zip(_GROUPED, told, strict=True) if is_told)
    )


def may_hold_address(text: str) -> bool:
    """Whether an e-mail address can stand in the text, also URL-encoded or JSON-escaped."""
    return any(sign.decode() in text for sign in _AT_SIGNS)
