"""Starting and ending the processes of a run; none outlives it.

Every component is a child in a session of its own, so that Ctrl-C reaches only us and we end them
in order. On Linux the kernel also ends a child whose parent was killed.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PR_SET_PDEATHSIG = 1  # prctl(2)
LIBC = ctypes.CDLL(None)  # loaded before any fork: a forked child must not load libraries
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


class ComponentError(Exception):
    """A component did not start, or ended when it should not have."""


class Component:
    """One process of the pipeline, with its log."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        may_end: bool = False,
        prefix: Sequence[str] = (),
    ) -> None:
        """Start `python -m argv...`. Raises ComponentError when it cannot be started.

        `may_end`: its work has an end, and exit code 0 before it is stopped is no problem.
        `prefix`: a command that becomes the one after it, such as `nsenter`.
        """
        self.name = name
        self.is_meant_to_end = False  # a fault asked for its death
        self._may_end = may_end
        self._is_paused = False
        self.log = log
        with log.open("ab") as output:
            try:
                self._process = subprocess.Popen(
                    [*prefix, sys.executable, "-m", *argv],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
                    start_new_session=True,
                    # Safe beside threads: it makes one system call and allocates nothing.
                    preexec_fn=end_with_parent  # noqa: PLW1509
                    if sys.platform == "linux"
                    else None,
                )
            except OSError as error:
                raise ComponentError(f"{name} cannot be started: {error.strerror}") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def wait_for_port(self, port_file: Path, timeout_s: float = START_TIMEOUT_S) -> int:
        """Wait until the component says where it listens.

        Raises ComponentError when it ends first, or says nothing in time.
        """
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if port_file.exists():
                return int(port_file.read_text())
            if self.exit_code is not None:
                raise ComponentError(
                    f"{self.name} ended with exit code {self.exit_code} before it was ready; "
                    f"see {self.log}"
                )
            time.sleep(0.02)
        raise ComponentError(f"{self.name} was not ready after {timeout_s:g} s; see {self.log}")

    def kill(self) -> None:
        """End it at once, on purpose."""
        self.is_meant_to_end = True
        self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        """Ask it to end, on purpose; returns at once."""
        self.is_meant_to_end = True
        self._process.send_signal(signal.SIGTERM)

    def pause(self) -> None:
        """Stop it where it stands, until it is resumed."""
        self._is_paused = True
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._is_paused = False
        self._process.send_signal(signal.SIGCONT)

    def wait(self, timeout_s: float) -> int | None:
        """The exit code, or None when the process still runs after `timeout_s`."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> str | None:
        """Ask it to end, then insist. Returns what was amiss, or None."""
        ended_with = self.exit_code
        if self.is_meant_to_end and ended_with is not None:
            return None
        if ended_with == 0 and self._may_end:
            return None
        if ended_with is not None:
            return f"{self.name} had ended with exit code {ended_with}; see {self.log}"
        if self._is_paused:  # it would not hear SIGTERM
            self.resume()
        self._process.send_signal(signal.SIGTERM)
        exit_code = self.wait(timeout_s)
        if exit_code is None:
            self._process.kill()
            self._process.wait()
            return f"{self.name} did not end within {timeout_s:g} s of SIGTERM and was killed"
        if exit_code != 0:
            return f"{self.name} ended with exit code {exit_code}; see {self.log}"
        return None


class Components:
    """The processes of one experiment, stopped in the reverse order of their start."""

    def __init__(self) -> None:
        self.running: list[Component] = []

    def add(self, component: Component) -> Component:
        self.running.append(component)
        return component

    def put(self, component: Component, *, instead_of: Component | None) -> None:
        """Add one in the place of an earlier life of it, so that the order of stopping holds."""
        if instead_of is None:
            self.add(component)
        else:
            self.running = [component if c is instead_of else c for c in self.running]

    def dead(self) -> list[Component]:
        """Those that ended though nobody asked them to."""
        return [
            component
            for component in self.running
            if component.exit_code is not None and not component.is_meant_to_end
        ]

    def stop(self, *names: str) -> list[str]:
        """Stop the named ones, or all; returns what was amiss."""
        chosen = [c for c in reversed(self.running) if not names or c.name in names]
        problems = [problem for component in chosen if (problem := component.stop())]
        self.running = [c for c in self.running if c not in chosen]
        return problems

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def end_with_parent() -> None:
    """For a child between fork and exec: the kernel kills it when its parent dies."""
    # SIGKILL, as one that a fault has stopped would never hear of SIGTERM.
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
