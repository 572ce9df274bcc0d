"""Programs run to their end, with what they took; one that is left behind is ended."""

import contextlib
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.figures import BenchError

POLL_S = 0.005
STOP_TIMEOUT_S = 15.0
# Numeric libraries would start a thread a core; a comparison on one core needs them to be still.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Finished:
    """A program that ended by itself."""

    exit_code: int
    elapsed_s: float
    first_output_s: float | None
    cpu_s: float
    rss_peak_bytes: int  # of itself, sampled every POLL_S
    output: bytes


def run(
    argv: Sequence[str],
    *,
    log: Path,
    timeout_s: float,
    exit_codes: Sequence[int] = (0,),
    env: Mapping[str, str] | None = None,
    is_one_core: bool = False,
) -> Finished:
    """Run to the end, in the folder of `log`, so that no settings of ours are found.

    Raises BenchError when it cannot be started, does not end in time, or ends with another exit
    code than those in `exit_codes`.
    """
    output = log.with_suffix(".out")
    began_s = time.monotonic()
    with log.open("wb") as errors, output.open("wb") as out:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                env={**os.environ, **ONE_THREAD, **(env or {})},
                cwd=log.parent,
                start_new_session=True,
            )
        except OSError as error:
            raise BenchError(f"{argv[0]} cannot be started: {error.strerror}") from error
        try:
            if is_one_core and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
            finished = _wait(process, output, began_s, timeout_s)
        except BaseException:
            _end(process)
            raise
    if finished is None:
        raise BenchError(f"{_name(argv)} did not end within {timeout_s:.0f} s and was stopped")
    if finished.exit_code not in exit_codes:
        raise BenchError(
            f"{_name(argv)} ended with exit code {finished.exit_code}: {_last_line(log)}"
        )
    return finished


def _wait(
    process: "subprocess.Popen[bytes]", output: Path, began_s: float, timeout_s: float
) -> Finished | None:
    """None when it did not end in time; it is stopped then."""
    first_output_s, rss_peak_bytes = None, 0
    child = psutil.Process(process.pid)
    while True:
        # wait4, not poll: it alone tells what this one child took.
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        elapsed_s = time.monotonic() - began_s
        # Its own peak: the one that wait4 tells counts our memory at the moment of the fork.
        with contextlib.suppress(psutil.Error):
            rss_peak_bytes = max(rss_peak_bytes, child.memory_info().rss)
        if first_output_s is None and output.stat().st_size:
            first_output_s = elapsed_s
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return Finished(
                exit_code=process.returncode,
                elapsed_s=elapsed_s,
                first_output_s=first_output_s,
                cpu_s=usage.ru_utime + usage.ru_stime,
                rss_peak_bytes=rss_peak_bytes,
                output=output.read_bytes(),
            )
        if elapsed_s > timeout_s:
            _end(process)
            return None
        time.sleep(POLL_S)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _name(argv: Sequence[str]) -> str:
    return " ".join(Path(word).name for word in argv[:4])


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"it said nothing; see {log}"
