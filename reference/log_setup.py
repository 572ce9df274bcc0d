"""Logging for every process: one JSON object a line on standard output, times in UTC.

Our own code logs events with fields that hold no personal data, and fields that are not plain data
are not printed, whatever their repr would say. Libraries are another matter: their messages quote
addresses, queries and payloads. Of a library's record only the place, the level and the kind of
exception are kept, and only from WARNING on; so it is with Python's own ways to say something on
standard error: warnings, and the exceptions that nobody caught.

A line that cannot be written (a full disk, a log shipper that died) is dropped: no email may depend
on a line of log.
"""

import contextlib
import io
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, BinaryIO, Literal, cast, get_args

import orjson
import structlog

LogLevel = Literal["debug", "info", "warning", "error"]
LOG_LEVELS: tuple[str, ...] = get_args(LogLevel)


def configure(component: str, level: LogLevel = "info") -> None:
    """Set up logging for this process. `component` stands in every line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _stamp(component),
            only_plain_data,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, _Droppable(sys.stdout.buffer))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_PlaceOnly()], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)  # their texts quote values, pydantic's for one
    _quieten_uncaught()


def fault_place(error: BaseException) -> dict[str, object]:
    """An unexpected exception as log fields: its type and where it was, never its text."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return {
        "exception": type(error).__name__,
        "frames": [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames],
    }


def only_plain_data(
    logger: object, method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """A structlog processor: what is not plain data leaves its type in the line and nothing else.

    Models, exceptions, bytes and Pii all have texts of their own, and some tell too much.
    """
    del logger, method
    return {name: _plain(value) for name, value in event.items()}


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    return f"<{type(value).__name__}>"


def _quieten_uncaught() -> None:
    """Exceptions that nobody caught become log lines without their text."""

    def log(error: BaseException | None, where: str) -> None:
        place = fault_place(error) if error else {}
        structlog.get_logger().critical("uncaught exception", where=where, **place)

    def of_main(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        del trace
        if issubclass(kind, KeyboardInterrupt):
            return
        log(error, "main thread")

    sys.excepthook = of_main
    threading.excepthook = lambda unhandled: log(unhandled.exc_value, "thread")
    sys.unraisablehook = lambda unhandled: log(unhandled.exc_value, "destructor")


def _stamp(component: str) -> structlog.types.Processor:
    def stamp(
        logger: object, method: str, event: structlog.types.EventDict
    ) -> structlog.types.EventDict:
        del logger, method
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"at": moment, "component": component, **event}

    return stamp


class _Droppable(io.RawIOBase):
    """A stream in front of another one that may fail; what it then did not take is lost."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._is_torn = False  # it took a part of the last line

    def write(self, line: Any) -> int:
        left = memoryview(b"\n" + line if self._is_torn else line)
        try:
            while left:
                taken_bytes = self._stream.write(left)
                self._is_torn = taken_bytes < len(left)
                left = left[taken_bytes:]
        except OSError:
            pass
        return len(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


class _PlaceOnly(logging.Handler):
    """Passes a library's record on without its text."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library record",
            library=record.name,
            place=f"{record.module}:{record.lineno}",
            **(fault_place(error) if error else {}),
        )
