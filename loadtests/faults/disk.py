"""A component cannot write, for a while.

full            RLIMIT_FSIZE of the running process is set to 0: every write to a file fails (EFBIG;
                a full disk says ENOSPC). Needs no privilege; sockets and pipes are not concerned.
unwritable-log  what its standard output goes to is gone: every write fails (EPIPE), as when a log
                shipper has died. From its start the component logs into a FIFO, which a thread
                copies into the log; the fault closes the FIFO's reading end.

The pipeline should survive both: an SQS that cannot write confirms nothing; a worker that cannot
write down what it is about to send does not send it; and nobody's email depends on a line of log.
They fired when files that grew until then stand still.
"""

import contextlib
import os
import resource
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from loadtests.faults.timeline import FaultError
from loadtests.supervised import Rig, Supervised

STILL_S = 0.5  # files that have not grown for so long stand still, at the rates of a load
COPY_PERIOD_S = 0.05
UNLIMITED = resource.RLIM_INFINITY


class Stillness:
    """Whether files that have grown do so no more."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._size_bytes = self._size()
        self._still_since_s = time.monotonic()

    def is_still(self) -> bool:
        size_bytes = self._size()
        if size_bytes != self._size_bytes:
            self._size_bytes, self._still_since_s = size_bytes, time.monotonic()
        return size_bytes > 0 and time.monotonic() - self._still_since_s >= STILL_S

    def _size(self) -> int:
        return sum(file.stat().st_size for file in self._files if file.exists())


class FullDisk:
    """The component has no room left."""

    def __init__(
        self, part: Supervised, files: Sequence[Path], pipe: "LogPipe | None" = None
    ) -> None:
        """`files` are those it appends to, `pipe` leads to its log. Raises FaultError."""
        assert part.process is not None
        self._pid = part.process.pid
        self._pipe = pipe
        self._limit(0)
        if pipe is not None:
            pipe.cut()
        self._stillness = Stillness(files)

    def has_fired(self) -> bool:
        return self._stillness.is_still()

    def heal(self) -> None:
        with contextlib.suppress(FaultError):  # it has died; its next life has no limit
            self._limit(UNLIMITED)
        if self._pipe is not None:
            self._pipe.mend()

    def is_healed(self) -> bool:
        return True

    def _limit(self, size_bytes: int) -> None:
        try:
            _, hard = resource.prlimit(self._pid, resource.RLIMIT_FSIZE)
            soft = hard if size_bytes == UNLIMITED else size_bytes
            resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (soft, hard))
        except OSError as error:
            raise FaultError(f"cannot limit what process {self._pid} writes: {error}") from error


class LogPipe:
    """A FIFO between a component and its log, copied by a thread; it can be broken."""

    def __init__(self, log: Path) -> None:
        """Raises OSError when the FIFO cannot be made."""
        self.log = log
        self._fifo = log.with_suffix(".fifo")
        os.mkfifo(self._fifo, 0o600)
        self._lock = threading.Lock()
        self._reader: int | None = None
        self.mend()
        # Held open, so that the pipe does not end whenever the component does.
        self._writer = os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._copy, name="log-pipe", daemon=True)
        self._thread.start()

    @property
    def rig(self) -> Rig:
        return Rig(log=self._fifo)

    def cut(self) -> None:
        """From now on every write fails."""
        with self._lock:
            self._drain()
            if self._reader is not None:
                os.close(self._reader)
                self._reader = None

    def mend(self) -> None:
        with self._lock:
            if self._reader is None:
                self._reader = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)

    def close(self) -> None:
        """Copy what is left; the component has ended."""
        self._stop.set()
        self._thread.join()
        self.cut()
        os.close(self._writer)
        self._fifo.unlink()

    def _copy(self) -> None:
        while not self._stop.wait(COPY_PERIOD_S):
            with self._lock:
                self._drain()

    def _drain(self) -> None:
        if self._reader is None:
            return
        with contextlib.suppress(BlockingIOError), self.log.open("ab") as log:
            while part := os.read(self._reader, 65_536):
                log.write(part)


class CutLog:
    """The component's log is unwritable."""

    def __init__(self, pipe: LogPipe) -> None:
        self._pipe = pipe
        pipe.cut()
        self._stillness = Stillness([pipe.log])

    def has_fired(self) -> bool:
        return self._stillness.is_still()

    def heal(self) -> None:
        self._pipe.mend()

    def is_healed(self) -> bool:
        return True
