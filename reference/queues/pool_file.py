"""The pool file, read again whenever it has changed."""

import threading
from pathlib import Path

import structlog

from reference.clock import Clock
from reference.queues.epochs import Epoch, parse_epoch, read_epoch
from reference.queues.pool import PoolError

REREAD_S = 0.5


class PoolFile:
    """The latest epoch that could be read; several threads use it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises PoolError when the file cannot be read or is no pool."""
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None  # the first look reads it once more
        self._epoch = read_epoch(path)
        self._looked_at_s = self._read_at_s = clock.now_s()
        self._is_unread = False  # by the last look
        self._log = structlog.get_logger()

    def epoch(self) -> Epoch:
        """As the file was at most REREAD_S ago; the last good one while it holds something else."""
        with self._lock:
            now_s = self._clock.now_s()
            if now_s - self._looked_at_s >= REREAD_S:
                self._looked_at_s = now_s
                self._look(now_s)
            return self._epoch

    def unread_s(self) -> float:
        """How old what is known is, while the file cannot be read; else 0."""
        with self._lock:
            return self._clock.now_s() - self._read_at_s if self._is_unread else 0.0

    def _look(self, now_s: float) -> None:
        try:
            signature = self._signature()
            if signature != self._seen:
                self._take(self._path.read_bytes())
                self._seen = (
                    signature  # not before: what could not be read is read at the next look
                )
        except OSError as error:
            if not self._is_unread:
                self._log.error("pool file cannot be read", problem=error.strerror)
            self._is_unread = True
            return
        self._read_at_s = now_s
        self._is_unread = False

    def _take(self, text: bytes) -> None:
        try:
            epoch = parse_epoch(text)
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

    def _signature(self) -> tuple[int, int, int]:
        """Raises OSError."""
        found = self._path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
