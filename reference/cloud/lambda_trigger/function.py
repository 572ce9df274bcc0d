"""The function: its environments, its concurrency, and the journal of its invocations.

An invocation takes an environment that idles, the one used last first, or starts one; with all
concurrency in use it is throttled (Lambda Developer Guide, lambda-concurrency). Environments that
idle are retired; AWS does not say when, we chose five minutes.
"""

import random
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from reference.clock import Clock
from reference.cloud.lambda_trigger.environment import (
    Environment,
    ExitedError,
    FunctionSpec,
    TimedOutError,
)
from reference.cloud.lambda_trigger.log_stream import LogStream, Report, Status
from reference.journal import Journal

INIT_MAX_S = 10.0
IDLE_S = 300.0

LATE = "timeout"
EXIT_ERROR = "Runtime.ExitError"

Outcome = Literal["ok", "error", "timeout", "exit", "init-error"]
_STATUS: dict[Outcome, Status] = {
    "ok": "",
    "error": "error",
    "timeout": "timeout",
    "exit": "error",
    "init-error": "error",
}


class ThrottledError(Exception):
    """All concurrency is in use."""


class NoEnvironmentError(Exception):
    """This machine has no room for another process, or for its log. Names the system's error."""


@dataclass(frozen=True)
class Invocation:
    """How an invocation ended; `answer` is the function's when it is `ok`."""

    outcome: Outcome
    report: Report
    environment: str
    is_cold: bool
    started_s: float
    answer: Any = None

    @property
    def fault(self) -> str:
        """What a log line may say of a failure: its kind, never its text."""
        if self.outcome == "init-error" and self.report.status == "timeout":
            return "the init phase timed out"
        return self.report.error_type or self.outcome


class Function:
    """Invoked by several threads at a time."""

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        log_folder: Path,
        journal: Journal,
        clock: Clock,
        concurrency_max: int,
        seed: int,
    ) -> None:
        self._spec = spec
        self._log_folder = log_folder
        self._journal = journal
        self._clock = clock
        self._concurrency_max = concurrency_max
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._idle: list[Environment] = []  # the one used last at the end
        self._alive: dict[str, Environment] = {}
        self._busy = 0
        self.busy_max = 0
        self.started = 0

    def invoke(self, event: bytes) -> Invocation:
        """Run it once. Raises ThrottledError and NoEnvironmentError: then it did not run."""
        with self._lock:
            if self._busy >= self._concurrency_max:
                raise ThrottledError
            self._busy += 1
            self.busy_max = max(self.busy_max, self._busy)
            environment = self._idle.pop() if self._idle else None
            request_id = self._uuid()
        try:
            return self._invoke(environment, request_id, event)
        finally:
            with self._lock:
                self._busy -= 1

    def retire_idle(self, idle_s: float = IDLE_S) -> None:
        """End the environments that nobody used for so long, or that died."""
        now_s = self._clock.now_s()
        with self._lock:
            old = [
                each
                for each in self._idle
                if now_s - each.idle_since_s >= idle_s or not each.is_alive
            ]
            self._idle = [each for each in self._idle if each not in old]
        for environment in old:
            self._end(environment, "idle" if environment.is_alive else "exit")

    def close(self) -> None:
        """End all environments; what still runs is killed and fails its invocation."""
        with self._lock:
            idle, self._idle = self._idle, []
            running = [each for each in self._alive.values() if each not in idle]
        for environment in running:
            environment.kill()
        for environment in idle:
            self._end(environment, "stop")

    def _invoke(self, environment: Environment | None, request_id: str, event: bytes) -> Invocation:
        if environment is not None and not environment.is_alive:
            self._end(environment, "exit")
            environment = None
        if environment is not None:
            return self._run(environment, request_id, event, self._deadline_s())
        environment = self._start()
        deadline_s: float | None = None
        problem = self._init_problem(environment, INIT_MAX_S)
        if problem == LATE:
            self._end(environment, "timeout")
            deadline_s = self._deadline_s()
            environment = self._start()
            problem = self._init_problem(environment, self._spec.timeout_s)
        if problem:
            return self._fail_init(environment, request_id, problem)
        return self._run(environment, request_id, event, deadline_s or self._deadline_s())

    def _deadline_s(self) -> float:
        return time.monotonic() + self._spec.timeout_s

    def _run(
        self, environment: Environment, request_id: str, event: bytes, deadline_s: float
    ) -> Invocation:
        environment.log.start(request_id)
        is_cold = environment.invocations == 0
        started_s = self._clock.now_s()
        request = {
            "request_id": request_id,
            "function_arn": self._spec.arn,
            "deadline_s": deadline_s,
        }
        outcome: Outcome = "ok"
        answer: Mapping[str, Any] = {}
        error_type = how_exited = ""
        began_s = time.monotonic()
        try:
            answer = environment.invoke(request, event, deadline_s)
            error_type = str(answer.get("error_type", ""))
            outcome = "error" if error_type else "ok"
        except TimedOutError:
            outcome = "timeout"
        except ExitedError as error:
            outcome, error_type, how_exited = "exit", EXIT_ERROR, str(error)
        report = Report(
            request_id=request_id,
            duration_ms=1000 * min(time.monotonic() - began_s, self._spec.timeout_s),
            init_ms=environment.init_ms if is_cold else None,
            memory_mb=self._spec.memory_mb,
            memory_used_mb=environment.memory_used_mb,
            status=_STATUS[outcome],
            error_type=error_type,
        )
        if outcome == "timeout":
            environment.log.timed_out(request_id, self._spec.timeout_s)
        environment.log.end(report)
        if outcome == "exit":
            environment.log.exited(request_id, how_exited)
        if outcome in {"timeout", "exit"}:
            self._end(environment, outcome)
        else:
            environment.idle_since_s = self._clock.now_s()
            with self._lock:
                self._idle.append(environment)
        return Invocation(
            outcome, report, environment.identity, is_cold, started_s, answer.get("answer")
        )

    def _init_problem(self, environment: Environment, limit_s: float) -> str:
        """Wait for the init phase; LATE, the type of its error, or nothing."""
        began_s = time.monotonic()
        try:
            problem = str(environment.wait_until_ready(limit_s).get("error_type", ""))
        except TimedOutError:
            problem = LATE
        except ExitedError:
            problem = EXIT_ERROR
        environment.init_ms = 1000 * (time.monotonic() - began_s)
        if problem:
            environment.log.init_failed(environment.init_ms, *_said(problem))
        return problem

    def _fail_init(self, environment: Environment, request_id: str, problem: str) -> Invocation:
        """The invocation that met a failed init phase: it has a log entry and a bill, too."""
        status, error_type = _said(problem)
        report = Report(
            request_id=request_id,
            duration_ms=0.0,
            init_ms=environment.init_ms,
            memory_mb=self._spec.memory_mb,
            memory_used_mb=environment.memory_used_mb,
            status=status,
            error_type=error_type,
        )
        environment.log.start(request_id)
        environment.log.end(report)
        self._end(environment, "init-error")
        return Invocation("init-error", report, environment.identity, True, self._clock.now_s())

    def _start(self) -> Environment:
        """Raises NoEnvironmentError."""
        with self._lock:
            identity = f"{self._random.getrandbits(128):032x}"
            self.started += 1
        try:
            log = LogStream(self._log_folder, self._spec.name, datetime.now(UTC), identity)
        except OSError as error:
            raise NoEnvironmentError(error.strerror) from error
        try:
            environment = Environment(identity, self._spec, log)
        except OSError as error:
            log.close()
            raise NoEnvironmentError(error.strerror) from error
        with self._lock:
            self._alive[identity] = environment
        self._journal.write(
            at_s=self._clock.now_s(),
            event="started",
            environment=identity,
            pid=environment.pid,
        )
        return environment

    def _end(self, environment: Environment, reason: str) -> None:
        environment.end()
        with self._lock:
            self._alive.pop(environment.identity, None)
        self._journal.write(
            at_s=self._clock.now_s(),
            event="ended",
            environment=environment.identity,
            pid=environment.pid,
            reason=reason,
            invocations=environment.invocations,
        )

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def _said(problem: str) -> tuple[Status, str]:
    """Status and type of error, as the log names a failed init phase."""
    return ("timeout", "") if problem == LATE else ("error", problem)
