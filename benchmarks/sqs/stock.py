"""A queue whose waiting messages are counted, so that a row can say how many there were."""

import itertools
from collections.abc import Callable, Iterator

from benchmarks.http_load import Load, Request, Script, offer
from benchmarks.sqs.traffic import BATCH, Queue

CONNECTIONS = 16  # enough that the server never waits for the client to wake


class Stock:
    """Sends and takes, each on CONNECTIONS connections, until the count or the time is reached."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._numbers = itertools.count()  # no two messages of a queue have one
        self.waiting = 0
        self.waiting_min: int | None = None  # at the end of any take

    def send(self, count: int, time_max_s: float) -> Load:
        """One message a call."""
        # Written before the clock runs, so that no server waits for its client.
        requests = iter(self._queue.sends(itertools.islice(self._numbers, count)))
        scripts = [_each(requests) for _ in range(CONNECTIONS)]
        load = offer(self._queue.port, scripts, time_max_s=time_max_s)
        self.waiting += load.units
        return load

    def send_batches(self, calls: int, time_max_s: float) -> Load:
        """Ten messages a call."""
        return self._sent(self._queue.batch_sends, calls * BATCH, time_max_s)

    def fill_up_to(self, count: int, time_max_s: float) -> None:
        """As many as the time allows."""
        if count > self.waiting:
            self._sent(self._queue.batch_sends, count - self.waiting, time_max_s)

    def take(self, count: int, time_max_s: float) -> Load:
        """Receive and delete, one by one."""
        load = self._run(self._queue.takes, count, time_max_s)
        self.waiting -= load.units
        self.waiting_min = min(self.waiting, self.waiting_min or self.waiting)
        return load

    def _sent(
        self, script: Callable[[Iterator[int]], Script], count: int, time_max_s: float
    ) -> Load:
        load = self._run(script, count, time_max_s)
        self.waiting += load.units
        return load

    def _run(
        self, script: Callable[[Iterator[int]], Script], count: int, time_max_s: float
    ) -> Load:
        numbers = itertools.islice(self._numbers, count)
        scripts = [script(numbers) for _ in range(CONNECTIONS)]
        return offer(self._queue.port, scripts, time_max_s=time_max_s)


def _each(requests: Iterator[Request]) -> Script:
    for request in requests:  # noqa: UP028 - a list's iterator takes no answers
        yield request
