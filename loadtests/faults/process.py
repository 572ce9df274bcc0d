"""Components that are killed, paused or restarted; the harness then plays their supervisor.

kill     SIGKILL, whatever is under way; started again, on the same port, after `down_s`
pause    SIGSTOP, as a long garbage collection or a live migration does; SIGCONT after `down_s`
restart  SIGTERM, as a deployment does; started again once it has ended and `down_s` is over

The pipeline should survive all of them at any moment: what a killed API stored without a 202 is
sent again by its sender and absorbed; what a killed or paused worker had in hand is received again
by whoever comes next, and is not sent twice; an SQS that comes back holds all that it confirmed.
"""

from collections.abc import Callable, Mapping

from loadtests.faults.timeline import FaultError, Injection
from loadtests.supervised import Supervised
from scenarios.faults import ProcessFault

CameBack = Callable[[str], None]


def inject(fault: ProcessFault, parts: Mapping[str, Supervised], came_back: CameBack) -> Injection:
    """Raises FaultError when the component does not run.

    `came_back` is told of a component once it answers again in a new life.
    """
    part = parts[fault.component]
    if part.process is None or part.process.exit_code is not None:
        raise FaultError(f"{fault.component} does not run, so it cannot be broken")
    match fault.kind:
        case "kill":
            return _Killed(part, came_back)
        case "pause":
            return _Paused(part)
        case "restart":
            return _Restarted(part, came_back)


class _Paused:
    def __init__(self, part: Supervised) -> None:
        assert part.process is not None
        self._process = part.process
        self._process.pause()

    def has_fired(self) -> bool:
        return True

    def heal(self) -> None:
        self._process.resume()

    def is_healed(self) -> bool:
        return True


class _Killed:
    def __init__(self, part: Supervised, came_back: CameBack) -> None:
        assert part.process is not None
        self._part = part
        self._process = part.process
        self._came_back = came_back
        self._end_it()

    def _end_it(self) -> None:
        self._process.kill()

    def has_fired(self) -> bool:
        return True  # the signal was sent

    def heal(self) -> None:
        self._part.start()

    def is_healed(self) -> bool:
        if not self._part.is_ready():
            return False
        self._came_back(self._part.name)
        return True


class _Restarted(_Killed):
    _is_started = False

    def _end_it(self) -> None:
        self._process.terminate()

    def heal(self) -> None:
        """It may still be draining: `is_healed` starts it once it has ended."""

    def is_healed(self) -> bool:
        """Raises FaultError when it ended badly."""
        if not self._is_started:
            exit_code = self._process.exit_code
            if exit_code is None:
                return False
            self._part.start()
            self._is_started = True
            if exit_code != 0:
                raise FaultError(
                    f"{self._part.name} ended with exit code {exit_code} on SIGTERM; "
                    f"see {self._process.log}"
                )
        return super().is_healed()
