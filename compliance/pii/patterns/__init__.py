"""Personal data with a form: e-mail address, card, IBAN, IP address, phone number.

One rule a file. Each picks candidates with a linear expression, drops what is known not to be one,
and lets Presidio's recognizer (checksum, format, numbering plan) decide about the candidate alone:
run on whole log lines, the recognizers are a hundred times slower and flag every line.
"""

from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote

from compliance.pii.patterns.candidate import PatternHit
from compliance.pii.patterns.card import find_cards
from compliance.pii.patterns.email import find_emails
from compliance.pii.patterns.iban import find_ibans
from compliance.pii.patterns.ip import find_ips
from compliance.pii.patterns.phone import DEFAULT_REGIONS, find_phones
from compliance.pii.record import Leaf
from compliance.pii.shape import without_ids

__all__ = ["DEFAULT_REGIONS", "PatternHit", "find_patterns"]

# A leaf with so many hits of one rule is one leak; counting on would only cost time.
HITS_PER_RULE_MAX = 200


def find_patterns(leaf: Leaf, phone_regions: tuple[str, ...]) -> list[PatternHit]:
    """What the leaf holds, each value once; a phone inside a card or an IBAN is part of it."""
    text = unquote(leaf.text) if "%40" in leaf.text else leaf.text
    numbers = without_ids(text)
    rules: tuple[Iterator[PatternHit], ...] = (
        find_emails(text, leaf.key),
        find_cards(numbers, leaf.key),
        find_ibans(numbers, leaf.key),
        find_ips(numbers, leaf.key),
        find_phones(numbers, leaf.key, phone_regions),
    )
    hits: dict[tuple[str, str], PatternHit] = {}
    for rule in rules:
        for hit in islice(rule, HITS_PER_RULE_MAX):
            hits.setdefault((hit.entity, hit.value), hit)
    return [hit for hit in hits.values() if not any(_is_part(hit, of) for of in hits.values())]


def _is_part(hit: PatternHit, of: PatternHit) -> bool:
    """Whether a number is only a piece of another one with a check digit of its own."""
    outer = {"PHONE_NUMBER": {"CREDIT_CARD", "IBAN_CODE"}, "CREDIT_CARD": {"IBAN_CODE"}}
    return of.entity in outer.get(hit.entity, ()) and hit.value in of.value
