"""E-mail addresses. The domain must end in a public suffix, from the list inside tldextract."""

import re
from collections.abc import Iterator
from functools import lru_cache

from compliance.pii.patterns.candidate import CONTEXT_CHARS, Candidate, PatternHit
from compliance.pii.third_party import presidio, suffix_extractor

_LOCAL_CHARS_MAX = 64  # RFC 5321, 4.5.3.1.1
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
            address = f"{local.group().lstrip('.+~-')}@{domain.group().rstrip('-_')}"
            start = at - len(local.group())
            before = text[max(0, start - CONTEXT_CHARS) : start]
            # RFC 5322 message ids look like addresses and name a machine.
            if _is_address(address) and not Candidate(address, before, key).is_named(_MESSAGE_ID):
                yield PatternHit("EMAIL_ADDRESS", address, 1.0, "error")
        at = text.find("@", at + 1)


@lru_cache(20_000)
def _is_address(address: str) -> bool:
    local, _, domain = address.partition("@")
    if not local or not suffix_extractor()(domain).fqdn:
        return False
    # Presidio's pattern; its own validation would try to fetch the suffix list.
    return any(
        re.fullmatch(pattern.regex, address) for pattern in presidio().EmailRecognizer.PATTERNS
    )
