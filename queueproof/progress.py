"""What long work says while it lasts: a spinner on a terminal, lines in a pipe, or nothing."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from loadtests.live import Progress


class PatientConsole(Console):
    """A console whose reader may leave: what cannot be shown must not end a run."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        # Else the interpreter would complain about it at exit.
        sys.stdout = sys.stderr


@contextmanager
def progress(console: Console, *, quiet: bool) -> Iterator[Progress]:
    """Yield a function that tells the user what is going on now."""
    started_s = time.monotonic()
    if quiet:
        yield _say_nothing
    elif console.is_terminal:
        with console.status("starting") as status:
            yield lambda text: status.update(_stamped(text, started_s))
    else:
        yield lambda text: console.print(
            _stamped(text, started_s), markup=False, highlight=False, soft_wrap=True
        )


def _say_nothing(text: str) -> None:
    del text


def _stamped(text: str, started_s: float) -> str:
    return f"{time.monotonic() - started_s:5.0f} s  {text}"
