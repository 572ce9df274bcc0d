"""One execution environment: an operating system process that runs one invocation at a time.

It is reused while it lives, killed when the function's time is over, and replaced when it died.
Source: Lambda Developer Guide, lambda-runtime-environment: the init phase may take 10 s; one that
takes longer is begun again within the first invocation, whose time-out then counts. Where AWS is
silent we chose: an environment whose process ended or was killed is not used again.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from reference.cloud.lambda_trigger.log_stream import LogStream

RUNTIME = "reference.cloud.lambda_trigger.runtime"
END_GRACE_S = 2.0  # for a process that was told to leave
INIT_LOOK_S = 0.1  # how often a late init phase is looked at


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """The function's configuration."""

    name: str
    handler: str  # module:function
    timeout_s: float
    memory_mb: int
    region: str
    account: str

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    def variables(self, stream: str) -> dict[str, str]:
        """What Lambda defines in an environment (configuration-envvars)."""
        return {
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_REGION": self.region,
            "PYTHONUNBUFFERED": "1",
        }


class TimedOutError(Exception):
    """No answer in time; the process was killed."""


class ExitedError(Exception):
    """The process ended by itself. The text says how, in Lambda's words."""


class Environment:
    """Used by one thread at a time."""

    def __init__(self, identity: str, spec: FunctionSpec, log: LogStream) -> None:
        """Starts the process, whose init phase then runs. Raises OSError."""
        self.identity = identity
        self.log = log
        self.init_ms = 0.0
        self.memory_used_mb = 0
        self.invocations = 0
        self.idle_since_s = 0.0
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", RUNTIME, str(theirs.fileno()), spec.handler],
                stdin=subprocess.DEVNULL,
                stdout=log.fd,
                stderr=log.fd,
                env={**os.environ, **spec.variables(log.name)},
                pass_fds=[theirs.fileno()],
            )
        self._connection = Connection(ours.detach())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self, limit_s: float) -> Mapping[str, Any]:
        """The end of the init phase. Raises TimedOutError and ExitedError.

        On AWS an environment has its cores for itself. Here it shares them, also with those that
        start beside it, so the time it was kept waiting for one does not count.
        """
        began_s = time.monotonic()
        while not self._connection.poll(INIT_LOOK_S):
            counted_s = time.monotonic() - began_s - kept_waiting_s(self.pid)
            if counted_s >= limit_s:
                break
        return self._receive(time.monotonic())

    def invoke(
        self, request: Mapping[str, Any], event: bytes, deadline_s: float
    ) -> Mapping[str, Any]:
        """The runtime's answer. Raises TimedOutError and ExitedError; the process is gone then."""
        self.invocations += 1
        try:
            self._connection.send_bytes(json.dumps(request).encode())
            self._connection.send_bytes(event)
        except OSError:
            raise ExitedError(self._how_it_ended()) from None
        return self._receive(deadline_s)

    def end(self) -> None:
        """Let the process leave, or kill it; for good."""
        self._connection.close()
        try:
            self._process.wait(END_GRACE_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self.log.close()

    def _receive(self, deadline_s: float) -> Mapping[str, Any]:
        try:
            if not self._connection.poll(max(0.0, deadline_s - time.monotonic())):
                self._note_memory()
                self.kill()
                raise TimedOutError
            answer: dict[str, Any] = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise ExitedError(self._how_it_ended()) from None
        self.memory_used_mb = answer["memory_used_mb"]
        return answer

    def _note_memory(self) -> None:
        try:
            used_bytes = psutil.Process(self._process.pid).memory_info().rss
        except psutil.Error:
            return
        self.memory_used_mb = max(self.memory_used_mb, used_bytes >> 20)

    def kill(self) -> None:
        """At once, whatever it is doing."""
        self._process.kill()
        self._process.wait()

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(END_GRACE_S)
        except subprocess.TimeoutExpired:  # it closed the connection and lives on
            self.kill()
            code = -signal.SIGKILL
        if code == 0:
            return "Runtime exited without providing a reason"
        if code > 0:
            return f"Runtime exited with error: exit status {code}"
        name = (signal.strsignal(-code) or f"signal {-code}").lower()
        return f"Runtime exited with error: signal: {name}"


def kept_waiting_s(pid: int) -> float:
    """How long a process was ready to run and had no core; 0 where nobody counts it.

    Source: docs.kernel.org/scheduler/sched-stats.html, /proc/<pid>/schedstat, second number, in ns.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
