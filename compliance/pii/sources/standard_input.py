"""Lines from another program, as they come: `tail -f app.log | queueproof scan -`."""

import contextlib
import io
import os
import select
from collections.abc import Callable
from typing import Any

# Long enough that a program writing steadily is never called idle, short enough to wait for.
IDLE_S = 0.5
# A pipe holds 64 KiB, unless asked for more: this is what any user of Linux may ask for.
_PIPE_BYTES = 1 << 20


class PipeReader(io.RawIOBase):
    """A file descriptor that says when nothing has come for a while. Does not close it."""

    def __init__(self, descriptor: int, on_idle: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_idle = on_idle
        # No pipe, or no Linux: then it is read in smaller pieces, which costs a fifth more.
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import fcntl  # noqa: PLC0415 - not everywhere

            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._is_ready():
            self._on_idle()
            # Nothing new can be found before something new is read, so this wait has no end.
            select.select([self._descriptor], [], [])
        data = os.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _is_ready(self) -> bool:
        return bool(select.select([self._descriptor], [], [], IDLE_S)[0])
