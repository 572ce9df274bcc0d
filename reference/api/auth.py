"""Which tenant an API key belongs to."""

import hashlib
import hmac
from collections.abc import Mapping


class ApiKeys:
    """The tenants' keys, kept as digests."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        """`keys` maps each tenant to its API key."""
        self._digests = [(tenant, _digest(key)) for tenant, key in keys.items()]

    def tenant_of(self, authorization: str | None) -> str | None:
        """The tenant of an Authorization header, or None."""
        scheme, _, key = (authorization or "").partition(" ")
        found = self.tenant_of_key(key.strip())
        return found if scheme.lower() == "bearer" else None

    def tenant_of_key(self, key: str) -> str | None:
        """The tenant of an API key, or None.

        Every tenant is compared, and digests of equal length, so the time taken tells neither
        how much of a key was right nor whose it is.
        """
        offered = _digest(key)
        found = None
        for tenant, digest in self._digests:
            if hmac.compare_digest(digest, offered):
                found = tenant
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
