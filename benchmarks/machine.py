"""Where a bench ran, and how busy that machine was already."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Machine:
    """What figures have to be read beside."""

    cpu_count: int
    cpu_model: str
    python: str
    load_average: float | None  # runnable processes over the last minute, before we began

    @classmethod
    def this(cls) -> Self:
        return cls(
            cpu_count=os.cpu_count() or 1,
            cpu_model=_cpu_model(),
            python=platform.python_version(),
            load_average=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        )

    def __str__(self) -> str:
        load = "unknown" if self.load_average is None else f"{self.load_average:.2f}"
        return (
            f"{self.cpu_count} cores, {self.cpu_model}, Python {self.python}, "
            f"load average {load} at the start"
        )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
