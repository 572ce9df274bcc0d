"""A file that grows at its end, and takes another's name once it is whole. Everything blocks."""

import os
from pathlib import Path


class LogFile:
    """One open file; for one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Begin an empty file there. Raises OSError."""
        self._path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self.size_bytes = 0
        self.unsynced_bytes = 0

    def append(self, data: bytes) -> None:
        """Write at the end. Raises OSError, and then the end is where it was.

        What was half written lies beyond the end: the next call writes over it.
        """
        rest, end_bytes = memoryview(data), self.size_bytes
        while rest:
            written = os.pwrite(self._fd, rest, end_bytes)
            rest, end_bytes = rest[written:], end_bytes + written
        self.size_bytes = end_bytes
        self.unsynced_bytes += len(data)

    def append_synced(self, data: bytes) -> None:
        """Write at the end and sync. Raises OSError, and then the end is where it was."""
        self.append(data)
        try:
            self.sync()
        except OSError:
            # The system may have dropped what it could not sync: it must be written again.
            self.size_bytes -= len(data)
            raise

    def sync(self) -> None:
        """Raises OSError."""
        os.fdatasync(self._fd)
        self.unsynced_bytes = 0

    def read(self, offset_bytes: int, size_bytes: int) -> bytes:
        """A part that was written. Raises OSError."""
        return os.pread(self._fd, min(size_bytes, self.size_bytes - offset_bytes), offset_bytes)

    def take_name(self, path: Path) -> None:
        """Sync, and stand at that path instead of what was there. Raises OSError."""
        self.sync()
        self._path.replace(path)
        self._path = path
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)  # the new name, too, must survive
        os.close(folder)

    def close(self) -> None:
        os.close(self._fd)

    def discard(self) -> None:
        """Close and remove it. Raises OSError."""
        self.close()
        self._path.unlink()
