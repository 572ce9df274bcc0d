"""The log stream of one environment, as Lambda writes it in plain text.

    D/<function>/<yyyy>/<mm>/<dd>/[$LATEST]<32 hex>.log

START, END and REPORT lines stand around what the handler printed, which its process appends to the
same file itself: nothing in between can lose it. Sources: Lambda Developer Guide, monitoring-
cloudwatchlogs (streams, START/END/REPORT), lambda-runtime-environment (INIT_REPORT, failures
during init and invoke); AWS Compute Blog, April 2025: since August 2025 the init phase is billed
with the first invocation, by the millisecond.
"""

import contextlib
import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Status = Literal["", "timeout", "error"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """How one invocation went."""

    request_id: str
    duration_ms: float
    init_ms: float | None  # of the environment's first invocation
    memory_mb: int
    memory_used_mb: int
    status: Status = ""
    error_type: str = ""

    @property
    def billed_ms(self) -> int:
        return math.ceil(self.duration_ms + (self.init_ms or 0.0))

    def line(self) -> str:
        fields = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {self.duration_ms:.2f} ms",
            f"Billed Duration: {self.billed_ms} ms",
            f"Memory Size: {self.memory_mb} MB",
            f"Max Memory Used: {self.memory_used_mb} MB",
        ]
        if self.init_ms is not None:
            fields.append(f"Init Duration: {self.init_ms:.2f} ms")
        if self.status:
            fields.append(f"Status: {self.status}")
        if self.error_type:
            fields.append(f"Error Type: {self.error_type}")
        return "\t".join(fields) + "\t"


class LogStream:
    """A stream that exists as long as its environment."""

    def __init__(self, folder: Path, function: str, at: datetime, identity: str) -> None:
        """Raises OSError when it cannot be written."""
        self.name = f"{at:%Y/%m/%d}/[$LATEST]{identity}"
        path = folder / function / f"{self.name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def start(self, request_id: str) -> None:
        self._write(f"START RequestId: {request_id} Version: $LATEST")

    def end(self, report: Report) -> None:
        self._write(f"END RequestId: {report.request_id}", report.line())

    def timed_out(self, request_id: str, timeout_s: float) -> None:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._write(f"{moment} {request_id} Task timed out after {timeout_s:.2f} seconds", "")

    def exited(self, request_id: str, how: str) -> None:
        self._write(f"RequestId: {request_id} Error: {how}", "Runtime.ExitError")

    def init_failed(self, init_ms: float, status: Status, error_type: str) -> None:
        kind = f"\tError Type: {error_type}" if error_type else ""
        self._write(
            f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\tStatus: {status}{kind}"
        )

    def close(self) -> None:
        os.close(self.fd)

    def _write(self, *lines: str) -> None:
        """As far as the disk takes it: no invocation may depend on a line of log."""
        left = ("\n".join(lines) + "\n").encode()
        with contextlib.suppress(OSError):
            while left:
                left = left[os.write(self.fd, left) :]
