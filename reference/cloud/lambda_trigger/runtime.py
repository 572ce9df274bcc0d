"""Inside an environment: `python -m reference.cloud.lambda_trigger.runtime FD module:function`.

Imports the handler (the init phase), then answers one invocation at a time over the socket FD:
what Lambda's runtime interface client for Python does over HTTP. Requests and answers are frames
of `multiprocessing.connection`; the other side's end is the signal to leave.

    ready     {"ready": true, "init_ms": ...} or {"error_type", "error_message"}
    request   JSON of the invocation, then the event
    answer    {"answer": ...} or {"error_type", "error_message"}, and "memory_used_mb"

What the handler raises is printed with its text and traceback, as Lambda prints it.
"""

import importlib
import json
import os
import resource
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

Handler = Callable[[Any, "LambdaContext"], Any]
IMPORT_ERROR, MARSHAL_ERROR = "Runtime.ImportModuleError", "Runtime.MarshalError"
HANDLER_NOT_FOUND = "Runtime.HandlerNotFound"


class LambdaContext:
    """The context object of an invocation (Lambda Developer Guide, python-context)."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        environment = os.environ
        self.aws_request_id: str = request["request_id"]
        self.invoked_function_arn: str = request["function_arn"]
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = self.identity = None
        self._deadline_s: float = request["deadline_s"]

    def get_remaining_time_in_millis(self) -> int:
        """Until the process is killed."""
        return max(0, int((self._deadline_s - time.monotonic()) * 1000))


class InitError(Exception):
    """The handler cannot be had; the text says why, as Lambda's does."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def main(arguments: list[str]) -> int:
    # The parent waits for its signals; what interrupts it must not end a function in mid-work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    connection = Connection(int(arguments[0]))
    threading.Thread(target=leave_with, args=(int(arguments[0]),), daemon=True).start()
    began_s = time.monotonic()
    try:
        handler = load(arguments[1])
    except InitError as error:
        print(f"[ERROR] {error.kind}: {error}", flush=True)
        _answer(connection, error_type=error.kind, error_message=str(error))
        return 1
    except Exception as error:  # noqa: BLE001 - whatever a module raises while it is imported
        _print_error(error)
        _answer(connection, error_type=type(error).__name__, error_message=str(error))
        return 1
    _answer(connection, ready=True, init_ms=(time.monotonic() - began_s) * 1000)
    while True:
        try:
            request = json.loads(connection.recv_bytes())
            event = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return 0
        _answer(connection, **invoke(handler, event, LambdaContext(request)))


def leave_with(fd: int) -> None:
    """End the process once nobody is at the other side, also in the middle of an invocation."""
    hung_up = select.poll()
    hung_up.register(fd, 0)
    hung_up.poll()
    os._exit(0)


def load(name: str) -> Handler:
    """Raises InitError, and whatever the module raises."""
    module_name, _, function = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InitError(IMPORT_ERROR, f"Unable to import module '{module_name}': {error}") from None
    handler: Handler | None = getattr(module, function, None)
    if handler is None:
        raise InitError(
            HANDLER_NOT_FOUND, f"Handler '{function}' missing on module '{module_name}'"
        )
    return handler


def invoke(handler: Handler, event: Any, context: LambdaContext) -> dict[str, Any]:
    """The answer's fields. What ends the process, such as SystemExit, is let through."""
    try:
        answer = handler(event, context)
    except Exception as error:  # noqa: BLE001 - reported to the caller, as Lambda does
        _print_error(error)
        return {"error_type": type(error).__name__, "error_message": str(error)}
    try:
        json.dumps(answer)
    except (TypeError, ValueError) as error:
        text = f"Unable to marshal response: {error}"
        print(f"[ERROR] {MARSHAL_ERROR}: {text}", flush=True)
        return {"error_type": MARSHAL_ERROR, "error_message": text}
    return {"answer": answer}


def _print_error(error: Exception) -> None:
    frames = "".join(traceback.format_tb(error.__traceback__)[1:])
    print(
        f"[ERROR] {type(error).__name__}: {error}\nTraceback (most recent call last):\n{frames}",
        end="",
        flush=True,
    )


def _answer(connection: Connection, **fields: Any) -> None:
    sys.stdout.flush()
    used_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fields["memory_used_mb"] = used_kb // (1024 if sys.platform == "linux" else 1024 * 1024)
    connection.send_bytes(json.dumps(fields).encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
