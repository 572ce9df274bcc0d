"""A plan of faults that a component carries out itself, told over its admin API.

SQS and the sink meet the calls, so they fire these faults. A component that was killed forgets its
plan with everything else; it is then told what is left of it.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException

from loadtests.faults.timeline import FaultError
from scenarios.faults import Nature, ProviderFault, SqsFault

PlannedFault = SqsFault | ProviderFault | Nature
TIMEOUT_S = 5.0


class Plan:
    """The faults of one component over one load."""

    def __init__(
        self,
        who: str,
        endpoint: str,
        faults: Sequence[PlannedFault],
        seed: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`who` is the component, as error messages call it."""
        self._who = who
        self._endpoint = endpoint
        self._faults = faults
        self._seed = seed
        self._clock = clock
        self._began_s: float | None = None

    def begin(self) -> None:
        """Set the plan; its windows count from now. Raises FaultError."""
        self._began_s = self._clock()
        self._put(self._faults)

    def renew(self) -> None:
        """Set what is left of the plan, for a component that forgot it. Raises FaultError."""
        if self._began_s is not None:
            elapsed_s = self._clock() - self._began_s
            self._put([left for fault in self._faults if (left := _left(fault, elapsed_s))])

    def end(self) -> None:
        """End every fault now. Raises FaultError."""
        if self._began_s is not None:
            self._began_s = None
            self._request("DELETE", None)

    def _put(self, faults: Sequence[PlannedFault]) -> None:
        plan = {
            "seed": self._seed,
            "faults": [fault.model_dump(exclude={"at"}, exclude_none=True) for fault in faults],
        }
        self._request("PUT", json.dumps(plan).encode())

    def _request(self, method: str, body: bytes | None) -> None:
        request = urllib.request.Request(  # noqa: S310 - the endpoint is our own component
            f"{self._endpoint}/_admin/faults",
            data=body,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            urllib.request.urlopen(request, timeout=TIMEOUT_S).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            reason = error.read(500).decode(errors="replace")
            raise FaultError(
                f"{self._who} refused the fault plan ({error.code}): {reason}"
            ) from error
        except (OSError, HTTPException) as error:
            raise FaultError(f"{self._who} did not take the fault plan: {error}") from error


def _left(fault: PlannedFault, elapsed_s: float) -> PlannedFault | None:
    """What of a fault is still to come; one of a certain call may have met it already."""
    is_over = fault.end_s is not None and fault.end_s <= elapsed_s
    if is_over or fault.nth_call is not None:
        return None
    times = {
        "start_s": max(0.0, fault.start_s - elapsed_s),
        "end_s": None if fault.end_s is None else fault.end_s - elapsed_s,
    }
    return fault.model_copy(update=times)
