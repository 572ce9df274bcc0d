"""IP addresses of the public internet. Private, loopback, documentation and other special ranges
name no person and stand in every log; the standard library's registry of them decides. (Presidio's
recognizer is of no use here: its IPv6 pattern stops at the first ::, its IPv4 one takes any range.)
"""

import ipaddress
import re
from collections.abc import Iterator

from compliance.pii.patterns.candidate import PatternHit, candidates

# Not after a letter and a slash: Chrome/120.0.0.0 is a version.
_IPV4 = re.compile(r"(?<![\w.-])(?<![A-Za-z]/)\d{1,3}(?:\.\d{1,3}){3}(?!\w|[.-]\w)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:.])")
# RFC 4291, 2.4: what is handed out so far. Outside it, "a::b" of a program is an address as well.
_IPV6_UNICAST = ipaddress.ip_network("2000::/3")
_VERSION_WORDS = re.compile(r"(?i)(?:version|ver|release|build)\W{0,3}\Z")


def find_ips(text: str, key: str) -> Iterator[PatternHit]:
    """Warnings: an address can be a machine's, and only the log's owner knows whose."""
    shapes = [_IPV4]
    if "::" in text or text.count(":") >= 5:
        shapes.append(_IPV6)
    for shape in shapes:
        for candidate in candidates(shape, text, key):
            if _is_public(candidate.value) and not candidate.is_named(_VERSION_WORDS):
                yield PatternHit("IP_ADDRESS", candidate.value, 0.6, "warning")


def _is_public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6:
        return address in _IPV6_UNICAST and address.is_global
    # Ends in .0.0: a network, or a version in four parts.
    return address.is_global and not address.is_multicast and not text.endswith(".0.0")
