"""Threads as a port: the machine's in a process, those of a simulator under a virtual clock.

Whatever may block a thread of the worker goes through here, its calls to the queue, the provider
and the delivery ledger apart: those are ports of their own. A lock that is never held across such
a call needs no port.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Event(Protocol):
    """As threading.Event."""

    def set(self) -> None: ...

    def is_set(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class Condition(Protocol):
    """As threading.Condition."""

    def __enter__(self) -> bool: ...

    def __exit__(self, *raised: Any) -> None: ...

    def notify_all(self) -> None: ...

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool: ...


class Inbox(Protocol):
    """As queue.SimpleQueue; an empty one raises queue.Empty."""

    def put(self, item: Any) -> None: ...

    def get(self, block: bool = True, timeout: float | None = None) -> Any: ...

    def get_nowait(self) -> Any: ...


class Thread(Protocol):
    """A started thread."""

    def join(self, timeout: float | None = None) -> None: ...


class Pool(Protocol):
    """As concurrent.futures.Executor; nobody asks for results."""

    def submit(self, work: Callable[..., None], /, *args: Any) -> object: ...

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None: ...


class Threads(Protocol):
    """Makes what threads need."""

    def lock(self) -> AbstractContextManager[object]: ...

    def event(self) -> Event: ...

    def condition(self) -> Condition: ...

    def inbox(self) -> Inbox: ...

    def start(self, work: Callable[..., None], *args: Any, name: str) -> Thread:
        """Run it in a thread that does not keep the process from ending."""
        ...

    def pool(self, size: int, *, name: str) -> Pool: ...


class MachineThreads:
    """The machine's own threads."""

    def lock(self) -> AbstractContextManager[object]:
        return threading.Lock()

    def event(self) -> Event:
        return threading.Event()

    def condition(self) -> Condition:
        return threading.Condition()

    def inbox(self) -> Inbox:
        return queue.SimpleQueue()

    def start(self, work: Callable[..., None], *args: Any, name: str) -> Thread:
        thread = threading.Thread(target=work, args=args, name=name, daemon=True)
        thread.start()
        return thread

    def pool(self, size: int, *, name: str) -> Pool:
        return ThreadPoolExecutor(size, thread_name_prefix=name)


MACHINE_THREADS: Threads = MachineThreads()
