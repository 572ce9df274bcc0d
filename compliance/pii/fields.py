"""Fields whose name says that a person's data stands in them: JSON keys, key=value, SQL columns.

The name alone is no proof (`name` is also what a queue has), so the value must look the part.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import NamedTuple

from compliance.pii.words import is_name_word, is_small_name_word, words_of

_KEY_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PERSON_ROLES = words_of("""
account assignee attn attention author bcc beneficiary billing buyer cardholder cc client contact
creditor customer debtor display donor employee family first firstname forename from full fullname
given guest holder last lastname legal maiden member middle nick owner passenger patient payee
payer person preferred real recipient reporter sender shipping signer sur surname to user visitor
""")
# These name a person without the word "name" and nothing else does: one word is enough.
_PERSON_ALONE = words_of("""
addressee beneficiary buyer cardholder debtor creditor firstname forename fullname holder lastname
passenger patient payee payer recipient surname displayname
""")
# These hold other things as often; two words that look like a name are needed.
_PERSON_PERHAPS = words_of("""
name to from cc bcc user username customer client owner contact author sender member guest employee
person assignee reporter attn input value who
""")
_STREETS = frozenset({"address", "addr", "street", "streetaddress", "residence"})
_NO_STREET = words_of("""
email mail e ip mac remote client server peer host bind listen source src dest destination local
wallet memory base inet node proxy gateway command log base url web hw contract forwarded bus
""")
_TEXT_QUALIFIERS = words_of("""
mail email message html text plain content msg raw
""")
_IDENTITIES = words_of("""
ssn passport_number passport_no passport national_id tax_id date_of_birth dob birth_date birthdate
birthday social_security_number
""")
PROSE = frozenset({"SUBJECT", "BODY"})  # may hold other values, and is more than them
_HIDDEN = re.compile(
    r"[*\u2022]{2,}|redacted|masked|hidden|filtered|^<.*>$|^\[.*\]$|x{4,}", re.IGNORECASE
)
_SCRIPT_WITHOUT_CASE = re.compile(
    r"[\u0590-\u08ff\u0900-\u0e7f\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_NO_ADDRESS = re.compile(r"[@=]|://|^[\d.:/\[\]a-fA-F%-]+$|^0x|^/|:\d{2,5}$")
_NO_NAME = re.compile(r"[\d_@/:;=<>{}()\[\]|\\#$%&*+]")
_VALUE_CHARS_MAX = 2_000
_NAME_WORDS_MAX = 5

# 'key': 'value'   "key"=>"value"   key="value"   key='value'   key=value   (key)=(value)
_PAIR = re.compile(
    r"""(?<![\w.])["']?(?P<key>[A-Za-z_][\w.-]{0,40})(?:
        ["']?\s{0,2}(?:=>|=|:)\s{0,2}(?:
            "(?P<double>(?:[^"\\]|\\.){1,2000})" | '(?P<single>(?:[^'\\]|\\.|'(?=\w)){1,2000})'
        )
        | =(?P<bare>[^\s"',;&|)}\]]{2,200})
        | \)=\((?P<sql>[^()]{2,200})\)
    )""",
    re.VERBOSE,
)
_INSERT = re.compile(r"(?i)\binto\s+[\w.\"`]+\s*\(([^()]{3,1000})\)\s*values\s*\(")
_CELL = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^,()']+))\s*(,|\))")


class FieldHit(NamedTuple):
    """What a field holds by its name and its value. `value` never leaves the scanner."""

    entity: str
    value: str
    confidence: float


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Keys and values in running text, each value as it stands there."""
    if "=" in text or ":" in text:
        for match in _PAIR.finditer(text):
            yield match["key"], match["double"] or match["single"] or match["bare"] or match["sql"]
    yield from inserted(text)


def inserted(text: str) -> Iterator[tuple[str, str]]:
    """Columns and values of SQL's INSERT."""
    for match in _INSERT.finditer(text):
        position = match.end()
        for column in match[1].split(","):
            cell = _CELL.match(text, position)
            if cell is None:
                break
            yield column.strip(' "`'), (cell[1] or cell[2] or "").strip()
            position = cell.end()


def find_field(key: str, value: str) -> FieldHit | None:
    """What the value is, if the key says so and the value does not deny it."""
    role = role_of(key)
    value = value.strip()
    if role is None or not 2 <= len(value) <= _VALUE_CHARS_MAX or _HIDDEN.search(value):
        return None
    entity, confidence, looks_the_part = _ROLES[role]
    return FieldHit(entity, value, confidence) if looks_the_part(value) else None


@lru_cache(10_000)
def role_of(key: str) -> str | None:
    """What a key promises: one of the roles in _ROLES."""
    words = [part.lower() for part in _KEY_PART.findall(key) if not part.isdigit()]
    if not words:
        return None
    last, others = words[-1], words[:-1]
    promises = (
        ("identity", "_".join(words) in _IDENTITIES),
        ("subject", last == "subject" and _TEXT_QUALIFIERS.issuperset(others)),
        ("body", last in {"body", "snippet"} and _TEXT_QUALIFIERS.issuperset(others)),
        ("street", last in _STREETS and not _NO_STREET.intersection(words)),
        ("street", last == "line" and ("address" in others or key[-1:].isdigit())),
        ("person", last == "name" and not _PERSON_ROLES.isdisjoint(others)),
        ("person", last in _PERSON_ALONE or "".join(words) in _PERSON_ALONE),
        ("perhaps a person", last in _PERSON_PERHAPS and (last != "name" or not others)),
    )
    return next((role for role, holds in promises if holds), None)


def is_person(value: str, *, is_sure: bool) -> bool:
    """Whether the value could be somebody's name: letters, capitals, no words of log language.

    Where the key is sure, one word is enough, and one word of a name may be a thing too.
    """
    words = value.replace(",", " ").split()
    if not 1 <= len(words) <= _NAME_WORDS_MAX or len(value) > 80 or _NO_NAME.search(value):
        return False
    if all(_SCRIPT_WITHOUT_CASE.match(word) for word in words):
        return True
    names = [word for word in words if is_name_word(word)]
    others = [word for word in words if word not in names and not is_small_name_word(word)]
    if is_sure:
        return bool(names) and all(word[0].isupper() for word in others)
    return len(names) > 1 and not others


def _is_street(value: str) -> bool:
    if _NO_ADDRESS.search(value) or len(value) < 5:
        return False
    if _SCRIPT_WITHOUT_CASE.search(value):
        return True
    words = value.split()
    return len(words) > 1 and any(is_name_word(word.strip(",.")) for word in words)


def _is_prose(value: str) -> bool:
    words = value.split()
    return len(words) > 2 and sum(word.strip(".,!?:'").isalpha() for word in words) > 2


_ROLES: Mapping[str, tuple[str, float, Callable[[str], bool]]] = MappingProxyType(
    {
        "person": ("PERSON", 0.9, partial(is_person, is_sure=True)),
        "perhaps a person": ("PERSON", 0.7, partial(is_person, is_sure=False)),
        "street": ("STREET_ADDRESS", 0.8, _is_street),
        "subject": ("SUBJECT", 0.7, _is_prose),
        "body": ("BODY", 0.7, _is_prose),
        "identity": ("ID_NUMBER", 0.9, lambda value: any(char.isdigit() for char in value)),
    }
)
