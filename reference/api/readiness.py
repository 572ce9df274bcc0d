"""Whether the queues can be reached, asked at most every few seconds."""

import anyio
import anyio.to_thread

from reference.api.routing import Route
from reference.clock import Clock
from reference.errors import QueueError

CACHED_FOR_S = 2.0


class Readiness:
    """Remembers the last answer, so that probes cost the queue next to nothing."""

    def __init__(self, route: Route, clock: Clock) -> None:
        self._route = route
        self._clock = clock
        self._thread = anyio.CapacityLimiter(1)
        self._lock = anyio.Lock()
        self._asked_at_s: float | None = None
        self._is_ready = False

    async def is_ready(self) -> bool:
        async with self._lock:
            now_s = self._clock.now_s()
            if self._asked_at_s is None or now_s - self._asked_at_s >= CACHED_FOR_S:
                self._is_ready = await self._ask()
                self._asked_at_s = self._clock.now_s()
            return self._is_ready

    async def _ask(self) -> bool:
        try:
            await anyio.to_thread.run_sync(self._route.check, limiter=self._thread)
        except QueueError:
            return False
        return True
