"""What may be shown of a value: enough to recognise it in the log, never enough to rebuild it."""

import hashlib


def masked(kind: str, value: str) -> str:
    """j***@e*** for an address, J*** D*** for a name, +***42 for a number, else a first letter."""
    if kind in {"email", "EMAIL_ADDRESS"} and "@" in value:
        local, _, domain = value.strip().rpartition("@")
        return f"{local[:1]}***@{domain[:1]}***"
    if kind in {"person", "PERSON", "LOCATION", "STREET_ADDRESS"}:
        return " ".join(f"{word[:1]}***" for word in value.split()[:4])
    if kind in {"phone", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE"}:
        sign = "+" if value.startswith("+") else ""
        return f"{sign}***{value.rstrip()[-2:]}"
    if kind == "IP_ADDRESS":
        return f"***{'.' if '.' in value else ':'}***"
    return f"{value.strip()[:1]}*** ({len(value)} characters)"


def salted_hash(value: str, salt: bytes) -> str:
    """Tells equal values from different ones within one scan; worthless without the salt."""
    return hashlib.blake2b(value.casefold().encode(), key=salt, digest_size=8).hexdigest()
