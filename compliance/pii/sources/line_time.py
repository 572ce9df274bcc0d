"""When a line was written, where the line tells, for `--since`."""

import re
from datetime import UTC, datetime

_HEAD_BYTES = 4096
_ISO = rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?"
# In JSON only a key that names the line's own time counts: other times are data.
_JSON_TIME = re.compile(
    rb'"(?:@?timestamp|time|ts|asctime|datetime)" ?: ?(?:"'
    + _ISO
    + rb'|"?(\d{10}(?:\.\d+)?|\d{13})\b)'
)
_TEXT_TIME = re.compile(rb"^[\[(<]?(?:\w+[: ] ?)?[\[(]?" + _ISO)


def time_of(line: bytes) -> float | None:
    """Seconds since 1970, or None when the line does not tell. Times without a zone are UTC."""
    head = line[:_HEAD_BYTES]
    match = _JSON_TIME.search(head) if head.startswith(b"{") else _TEXT_TIME.match(head)
    if match is None:
        return None
    day, fraction, zone, *number = match.groups()
    if day is None:
        seconds = float(number[0])
        return seconds / 1000 if seconds > 1e11 else seconds
    text = day.decode().replace(" ", "T") + f".{(fraction or b'0').decode()[:6]:0<6}"
    try:
        moment = datetime.fromisoformat(text + (zone or b"Z").decode())
    except ValueError:  # the 31st of February
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


class AgeFilter:
    """Which lines are older than a moment. A line that does not tell is as old as the last one."""

    def __init__(self, since_s: float | None) -> None:
        self._since_s = since_s
        self._is_old = False
        self.left_out = 0

    def is_old(self, line: bytes, time_s: float | None) -> bool:
        """Whether to leave the line out."""
        if self._since_s is None:
            return False
        time_s = time_s if time_s is not None else time_of(line)
        if time_s is not None:
            self._is_old = time_s < self._since_s
        self.left_out += self._is_old
        return self._is_old
