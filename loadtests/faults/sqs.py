"""Faults at the SQS endpoint, injected over the local SQS's admin API.

Refused and lost answers, delays and outages; they heal by their own windows and when cleared. The
pipeline should survive all of them: what SQS did not confirm gets no 202, what it stored is
delivered, and a sender that tries again with the same key causes one email.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException

from scenarios.faults import SqsFault

TIMEOUT_S = 5.0


class FaultError(Exception):
    """The faults could not be injected, so the experiment would prove nothing."""


def inject(endpoint: str, faults: Sequence[SqsFault], seed: int) -> None:
    """Set the plan; its windows count from now. Raises FaultError."""
    plan = {
        "seed": seed,
        "faults": [fault.model_dump(exclude={"at"}, exclude_none=True) for fault in faults],
    }
    _request("PUT", endpoint, json.dumps(plan).encode())


def heal(endpoint: str) -> None:
    """End every fault now. Raises FaultError."""
    _request("DELETE", endpoint, None)


def _request(method: str, endpoint: str, body: bytes | None) -> None:
    request = urllib.request.Request(  # noqa: S310 - the endpoint is our own local SQS
        f"{endpoint}/_admin/faults",
        data=body,
        method=method,
        headers={"Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_S).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        reason = error.read(500).decode(errors="replace")
        raise FaultError(f"SQS refused the fault plan ({error.code}): {reason}") from error
    except (OSError, HTTPException) as error:
        raise FaultError(f"SQS did not take the fault plan: {error}") from error
