"""Which lines belong together: the lines of a traceback belong to the statement that wrote it."""

import re

LINES_PER_RECORD_MAX = 1000
_CONTINUES = (
    b"Traceback (most recent call last)",
    b"Caused by: ",
    b"During handling of the above exception",
    b"The above exception was the direct cause",
)
_OPENS_TRACEBACK = (b"Traceback (most recent call last)", b"\tat ", b"    at ")
# What a logger starts a line with; the text of an exception may have lines without indentation.
_RECORD_START = re.compile(
    rb"\{|\[|<\d+>|\d{4}[-/]\d\d[-/]\d\d|\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:"
    rb"|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b"
)


class RecordTracker:
    """The first line of the record that is being read; one tracker a source."""

    def __init__(self) -> None:
        self._opening = b""
        self._is_traceback = False
        self._lines = 0

    def opening_of(self, line: bytes) -> bytes:
        """The first line of the line's record; empty when the line is itself the first."""
        is_json = line.startswith(b"{")  # most lines, told at once
        if not is_json and self._continues(line) and 0 < self._lines < LINES_PER_RECORD_MAX:
            self._lines += 1
            self._is_traceback = self._is_traceback or line.startswith(_OPENS_TRACEBACK)
            return self._opening
        self._opening, self._lines = line, 1
        self._is_traceback = not is_json and line.startswith(_OPENS_TRACEBACK)
        return b""

    def follow(self, lines: bytes) -> None:
        """Pass over lines, each with its end, as far back as a record can reach."""
        for line in lines.rsplit(b"\n", LINES_PER_RECORD_MAX + 1)[-LINES_PER_RECORD_MAX - 1 : -1]:
            self.opening_of(line.rstrip(b"\r"))

    @staticmethod
    def always_opens(line: bytes) -> bool:
        """Whether the line is the first of its record, whatever came before it."""
        return _RECORD_START.match(line) is not None and not line.startswith(_CONTINUES)

    def _continues(self, line: bytes) -> bool:
        if line[:1] in {b" ", b"\t"} or line.startswith(_CONTINUES):
            return True
        return self._is_traceback and _RECORD_START.match(line) is None
