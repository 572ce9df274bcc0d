"""The wall clock of one component is set wrong under load, and set right again.

As a machine's clock is when time synchronisation jumps or a virtual machine wakes up. The component
runs with `stepped_clock/sitecustomize.py`, which reads the step from a small shared file.

The pipeline should not notice: time-outs, deadlines and order are kept by the monotonic clock, and
what lasts longer (deduplication, what a worker remembers as sent) by the queue or with a margin.
"""

import mmap
import struct
from pathlib import Path

from loadtests.supervised import Rig
from scenarios.faults import ClockFault

MODULE_FOLDER = Path(__file__).parent / "stepped_clock"
CONTROL_VARIABLE = "QUEUEPROOF_CLOCK"  # as the module there reads it
_STEP, _READS = struct.Struct("=d"), struct.Struct("=Q")


class SteppedClock:
    """The control of one component's clock; made before the component starts."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when the control file cannot be made."""
        path.write_bytes(_STEP.pack(0.0) + _READS.pack(0))
        self._path = path
        with path.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), 0)

    def rig(self, python_path: str) -> Rig:
        """`python_path` is the PYTHONPATH of before."""
        folders = [str(MODULE_FOLDER), *([python_path] if python_path else [])]
        return Rig(
            env={"PYTHONPATH": ":".join(folders), CONTROL_VARIABLE: str(self._path.absolute())}
        )

    def set(self, step_s: float) -> None:
        _STEP.pack_into(self._control, 0, step_s)

    @property
    def reads(self) -> int:
        """How often the component read a clock that was wrong."""
        return int(_READS.unpack_from(self._control, _STEP.size)[0])

    def close(self) -> None:
        self._control.close()
        self._path.unlink()


class Stepped:
    """The clock is wrong."""

    def __init__(self, fault: ClockFault, clock: SteppedClock) -> None:
        self._clock = clock
        self._reads_before = clock.reads
        clock.set(fault.step_s)

    def has_fired(self) -> bool:
        return self._clock.reads > self._reads_before

    def heal(self) -> None:
        self._clock.set(0.0)

    def is_healed(self) -> bool:
        return True
