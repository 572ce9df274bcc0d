"""Makes the wall clock of a Python process as wrong as a control file says.

Python imports a module of this name by itself when it starts, from a folder on PYTHONPATH; so this
works for any Python service and knows nothing of it. Shifted are `time.time`, `time.time_ns`,
`time.clock_gettime(CLOCK_REALTIME)` and `datetime`'s now, today and utcnow; the monotonic clock
stays as it is, as it does when a machine's clock is set.

The control file holds two numbers in the machine's order: the step in seconds (a double), which the
harness writes, and how often a shifted clock was read (a 64-bit integer), which this module counts.
"""

import mmap
import os
import struct
import sys
import time
from datetime import UTC, datetime, tzinfo
from typing import Self

CONTROL_VARIABLE = "QUEUEPROOF_CLOCK"

_STEP, _READS = struct.Struct("=d"), struct.Struct("=Q")


def _install(path: str) -> None:
    with open(path, "r+b") as file:  # noqa: PTH123 - every import here slows the service's start
        control = mmap.mmap(file.fileno(), _STEP.size + _READS.size)
    real_time, real_time_ns, real_gettime = time.time, time.time_ns, time.clock_gettime

    def step_s() -> float:
        (step,) = _STEP.unpack_from(control, 0)
        if step:
            (reads,) = _READS.unpack_from(control, _STEP.size)
            _READS.pack_into(control, _STEP.size, reads + 1)
        return float(step)

    def clock_gettime(clock: int) -> float:
        shift_s = step_s() if clock == time.CLOCK_REALTIME else 0.0
        return real_gettime(clock) + shift_s

    class Meta(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, datetime)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, datetime)

    class SteppedDatetime(datetime, metaclass=Meta):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().fromtimestamp(time.time(), tz)

        @classmethod
        def today(cls) -> Self:
            return cls.now()

        @classmethod
        def utcnow(cls) -> Self:
            return cls.now(UTC).replace(tzinfo=None)

    time.time = lambda: real_time() + step_s()
    time.time_ns = lambda: real_time_ns() + int(step_s() * 1e9)
    time.clock_gettime = clock_gettime
    vars(sys.modules["datetime"])["datetime"] = SteppedDatetime


if CONTROL_VARIABLE in os.environ:
    _install(os.environ[CONTROL_VARIABLE])
