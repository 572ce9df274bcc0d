"""How a command ends: with an exit code that means what it says, and no traceback."""

import gc
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

EXIT_USAGE = 2
EXIT_COULD_NOT_RUN = 3
EXIT_INTERRUPTED = 130  # what the command-line library makes of Ctrl-C


def guarded(command: Callable[[], int | None], known: tuple[type[Exception], ...] = ()) -> NoReturn:
    """Run a command and exit with what it returns; errors that are known are of usage."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        exit_code = command()
    except known as error:
        _end(f"error: {error}", EXIT_USAGE)
    except KeyboardInterrupt:
        _end("stopped", EXIT_COULD_NOT_RUN)
    except SystemExit as end:
        if end.code == EXIT_INTERRUPTED:
            _end("stopped", EXIT_COULD_NOT_RUN)
        raise
    except Exception as error:  # noqa: BLE001 - 1 would mean "refuted"
        # Neither the message nor the locals: they may hold what a log line or an email said.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        _end(f"error: {type(error).__name__} at {where}; this is a bug", EXIT_COULD_NOT_RUN)
    # At exit Python would look through all that the libraries made: 0.1 s after spaCy.
    gc.freeze()
    sys.exit(exit_code)


def _end(message: str, exit_code: int) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(exit_code)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """SIGTERM and a closed terminal end a run like Ctrl-C: processes stopped, evidence kept."""
    del signum, frame
    raise KeyboardInterrupt
