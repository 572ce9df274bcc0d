"""E-mail addresses. The domain must end in a public suffix, from the list inside tldextract."""

import re
from collections.abc import Iterator
from functools import lru_cache

from compliance.pii.patterns.candidate import CONTEXT_CHARS, Candidate, PatternHit
from compliance.pii.third_party import presidio, suffix_extractor

_LOCAL_CHARS_MAX = 64  # RFC 5321, 4.5.3.1.1
# Public suffixes with no others under them: most addresses need no look into the list.
PLAIN_SUFFIXES = (".com", ".net", ".org")
_LOCAL = re.compile(r"[\w.+~-]+\Z")
_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_MESSAGE_ID = re.compile(r"(?i)(?:message[-_ ]?ids?|in[-_ ]reply[-_ ]to|references)\W{0,6}\Z")


def find_emails(text: str, key: str) -> Iterator[PatternHit]:
    """From each @ outwards, so that no text makes the search slow."""
    at = text.find("@")
    while at >= 0:
        local = _LOCAL.search(text[max(0, at - _LOCAL_CHARS_MAX) : at])
        domain = _DOMAIN.match(text, at + 1)
        if local and domain:
            address = _address(local.group().lstrip(".+~-"), domain.group())
            start = at - len(local.group())
            before = text[max(0, start - CONTEXT_CHARS) : start]
            # RFC 5322 message ids look like addresses and name a machine.
            if address and not Candidate(address, before, key).is_named(_MESSAGE_ID):
                yield PatternHit("EMAIL_ADDRESS", address, 1.0, "error")
        at = text.find("@", at + 1)


def _address(local: str, domain: str) -> str | None:
    """The address with as much of the domain as exists: a full stop may glue a sentence to it."""
    labels = domain.split(".")
    for count in range(len(labels), 1, -1):
        address = f"{local}@{'.'.join(labels[:count]).rstrip('-_')}"
        if local and _is_address(address):
            return address
    return None


@lru_cache(20_000)
def _is_address(address: str) -> bool:
    domain = address.partition("@")[2]
    if not (domain.endswith(PLAIN_SUFFIXES) or suffix_extractor()(domain).fqdn):
        return False
    # Presidio's pattern; its own validation would try to fetch the suffix list.
    return any(
        re.fullmatch(pattern.regex, address) for pattern in presidio().EmailRecognizer.PATTERNS
    )
