"""The pool file, read again whenever it has changed."""

import threading
from pathlib import Path

import structlog

from reference.clock import Clock
from reference.queues.epochs import Epoch, read_epoch
from reference.queues.pool import PoolError

REREAD_S = 0.5


class PoolFile:
    """The latest epoch that could be read; several threads use it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises PoolError when the file cannot be read or is no pool."""
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = self._signature()
        self._epoch = read_epoch(path)
        self._looked_at_s = clock.now_s()
        self._log = structlog.get_logger()

    def epoch(self) -> Epoch:
        """As the file was at most REREAD_S ago; the last good one while it holds something else."""
        with self._lock:
            now_s = self._clock.now_s()
            if now_s - self._looked_at_s >= REREAD_S:
                self._looked_at_s = now_s
                self._look()
            return self._epoch

    def _look(self) -> None:
        signature = self._signature()
        if signature == self._seen:
            return
        self._seen = signature
        try:
            epoch = read_epoch(self._path)
            if epoch.number <= self._epoch.number and epoch != self._epoch:
                raise PoolError(f"epoch {epoch.number} does not come after {self._epoch.number}")
        except PoolError as error:
            self._log.error(
                "pool file refused; the last good epoch stays",
                epoch=self._epoch.number,
                problem=str(error),
            )
            return
        if epoch != self._epoch:
            self._epoch = epoch
            self._log.info("pool changed", epoch=epoch.number, queues=len(epoch.pool.urls))

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
