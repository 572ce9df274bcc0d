"""CloudWatch Logs: `cloudwatch:GROUP[:STREAM_PREFIX]`, each log stream a source of its own.

Read with FilterLogEvents, which any role that may read logs can call. Following polls it again
rather than opening a live tail session, because those cost by the minute and drop events when there
are many. Events arrive late and out of order, so each poll looks back a minute and passes over what
it has seen.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from compliance.pii.sources import aws
from compliance.pii.sources.line import Line, Tally
from compliance.pii.sources.reading import Reading
from compliance.pii.sources.text_lines import LineReader
from compliance.pii.sources.unwrap import Row

SCHEME = "cloudwatch:"
POLL_S = 2.0
LOOK_BACK_MS = 60_000
_SEEN_IDS_MAX = 200_000


def lines(
    target: str, tally: Tally, reading: Reading, on_idle: Callable[[], None]
) -> Iterator[Line]:
    """Every event, as the lines of its stream."""
    group, _, prefix = target.removeprefix(SCHEME).partition(":")
    query: dict[str, Any] = {"logGroupName": group}
    if prefix:
        query["logStreamNamePrefix"] = prefix
    if reading.since_s is not None:
        query["startTime"] = int(reading.since_s * 1000)
    streams = _Streams(f"{SCHEME}{group}", prefix, tally, reading)
    try:
        client = aws.client("logs", reading)
        for event in _events(client, query, on_idle, is_followed=reading.follow):
            yield from streams.lines_of(event)
    except aws.AwsError as error:
        tally.skip(target, str(error))
    except aws.errors() as error:
        tally.skip(target, f"stopped reading: {aws.told(error)}")
    streams.tell()


class _Streams:
    """One reader for each log stream, so that their records and numbers do not mix."""

    def __init__(self, name: str, prefix: str, tally: Tally, reading: Reading) -> None:
        self._name = name
        self._prefix = prefix
        self._tally = tally
        self._reading = reading
        self._readers: dict[str, LineReader] = {}
        self._numbers: dict[str, int] = {}

    def lines_of(self, event: dict[str, Any]) -> Iterator[Line]:
        stream = event.get("logStreamName", "")
        if not stream.startswith(self._prefix):  # stand-ins of AWS know no prefixes
            return
        reader = self._readers.get(stream)
        if reader is None:
            source = f"{self._name}/{stream}"
            reader = self._readers[stream] = LineReader(source, self._tally, self._reading)
            self._tally.sources.append(source)
        yield from reader.finished(self._rows(stream, event))

    def _rows(self, stream: str, event: dict[str, Any]) -> Iterator[Row]:
        data = event.get("message", "").encode(errors="replace")
        for line in data.splitlines() or [b""]:
            number = self._numbers[stream] = self._numbers.get(stream, 0) + 1
            self._tally.lines_read += 1
            self._tally.bytes_read += len(line) + 1
            yield Row(number, line, event.get("timestamp", 0) / 1000)

    def tell(self) -> None:
        for reader in self._readers.values():
            reader.tell()


def _events(
    client: Any, query: dict[str, Any], on_idle: Callable[[], None], *, is_followed: bool
) -> Iterator[dict[str, Any]]:
    seen: OrderedDict[str, None] = OrderedDict()
    newest_ms = 0
    while True:
        is_idle = True
        for page in client.get_paginator("filter_log_events").paginate(**query):
            for event in page.get("events", ()):
                if is_followed:
                    if event["eventId"] in seen:
                        continue
                    seen[event["eventId"]] = None
                    if len(seen) > _SEEN_IDS_MAX:
                        seen.popitem(last=False)
                newest_ms = max(newest_ms, event.get("timestamp", 0))
                is_idle = False
                yield event
        if not is_followed:
            return
        if is_idle:
            on_idle()
        time.sleep(POLL_S)
        query = {**query, "startTime": max(query.get("startTime", 0), newest_ms - LOOK_BACK_MS)}
