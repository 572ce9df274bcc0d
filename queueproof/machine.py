"""What this machine is, for the manifest of a run."""

import platform
import re
from pathlib import Path

import psutil

from scenarios.evidence import Machine


def this_machine() -> Machine:
    return Machine(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        cpu_count=psutil.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        cpu_model=_cpu_model(),
    )


def _cpu_model() -> str:
    try:
        match = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE
        )
    except OSError:
        match = None
    return match[1].strip() if match else platform.processor()
