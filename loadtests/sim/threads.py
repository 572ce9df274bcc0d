"""Threads of a simulated process: greenlets that take turns where a thread would block.

A thread runs until it blocks, so between two such places nothing comes in between; journal writes
are made such places, because a process can die or a thread lose its turn right there. Locks and
conditions therefore need no guarding of their own.
"""

import queue
import random
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from loadtests.sim.scheduler import Handle, Process

TURN_S_MAX = 0.05  # until a thread that may go on has its turn, on a busy machine; mostly soon

LOST_TURNS = 0.5  # of the places where a thread may lose its turn

TIMED_OUT = object()


class Parked:
    """A thread that waits; the first to wake it, or its time-out, counts."""

    __slots__ = ("_greenlet", "_is_woken", "_timer", "threads")

    def __init__(self, threads: "SimThreads", timeout_s: float | None = None) -> None:
        self.threads = threads
        self._greenlet = getcurrent()
        self._is_woken = False
        self._timer: Handle | None = None
        if timeout_s is not None:
            self._timer = threads.process.call_later(timeout_s, self.resume, TIMED_OUT)

    def wait(self) -> Any:
        """Block; returns what `resume` was given, TIMED_OUT, or None when it was woken."""
        return self.threads.hub.switch()

    def wake(self) -> None:
        """Let it go on, when it has its turn."""
        if not self._is_woken:
            self._is_woken = True
            if self._timer is not None:
                self._timer.cancel()
            threads = self.threads
            threads.process.call_later(threads.turn_s(), self._greenlet.switch, None)

    def resume(self, value: Any) -> None:
        """Let it go on now; called in its process, and not by a thread."""
        if not self._is_woken:
            self._is_woken = True
            if self._timer is not None:
                self._timer.cancel()
            self._greenlet.switch(value)


class SimThreads:
    """Makes the threads of one process, and what they need; see `reference.worker.threads`."""

    def __init__(self, process: Process, randomness: random.Random) -> None:
        """`randomness` decides who has its turn first."""
        self.process = process
        self.hub = getcurrent()
        self._randomness = randomness
        # Kept, because a greenlet that nobody knows any more runs its `finally` blocks.
        self._greenlets: list[greenlet] = []
        self._idle: list[greenlet] = []

    def turn_s(self) -> float:
        return self._randomness.random() ** 4 * TURN_S_MAX

    def lose_turn(self) -> None:
        """Now and then let the current thread, if it is one of ours, wait for its next turn."""
        if self._randomness.random() < LOST_TURNS and getcurrent() is not self.hub:
            Parked(self, self.turn_s()).wait()

    def bury(self) -> None:
        """End threads that will never have another turn; their process must be dead.

        Otherwise each would end, `finally` blocks and all, when it is collected as garbage.
        """
        for body in self._greenlets:
            if not body.dead:
                body.throw(GreenletExit)
        self._greenlets.clear()
        self._idle.clear()

    def lock(self) -> AbstractContextManager[object]:
        return SimLock(self)

    def event(self) -> "SimEvent":
        return SimEvent(self)

    def condition(self) -> "SimCondition":
        return SimCondition(self)

    def inbox(self) -> "SimInbox":
        return SimInbox(self)

    def start(self, work: Callable[..., None], *args: Any, name: str) -> "SimThread":
        return SimThread(self, work, args, name)

    def pool(self, size: int, *, name: str) -> "SimPool":
        return SimPool(self, size, name)

    def spawn(self, work: Callable[[], None]) -> None:
        """Begin to run it, soon."""
        if self._idle:
            body = self._idle.pop()
        else:
            body = greenlet(self._live, parent=self.hub)
            self._greenlets.append(body)
        self.process.call_later(self.turn_s(), body.switch, work)

    def _live(self, work: Callable[[], None]) -> None:
        """One thread after another: to make a greenlet takes longer than most threads last."""
        body = getcurrent()
        while True:
            work()
            self._idle.append(body)
            work = self.hub.switch()


class SimLock:
    """As threading.Lock, in a `with`."""

    def __init__(self, threads: SimThreads) -> None:
        self._threads = threads
        self._is_held = False
        self._waiting: deque[Parked] = deque()

    def __enter__(self) -> None:
        if self._is_held:
            parked = Parked(self._threads)
            self._waiting.append(parked)
            parked.wait()  # the lock is handed over, still held
        self._is_held = True

    def __exit__(self, *raised: object) -> None:
        if self._waiting:
            self._waiting.popleft().wake()
        else:
            self._is_held = False


class SimEvent:
    """As threading.Event."""

    def __init__(self, threads: SimThreads) -> None:
        self._threads = threads
        self._is_set = False
        self._waiting: list[Parked] = []

    def set(self) -> None:
        self._is_set = True
        for parked in self._waiting:
            parked.wake()
        self._waiting.clear()

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        if not self._is_set and timeout != 0:
            parked = Parked(self._threads, timeout)
            self._waiting.append(parked)
            parked.wait()
            if not self._is_set:
                self._waiting.remove(parked)
        return self._is_set


class SimCondition:
    """As threading.Condition."""

    def __init__(self, threads: SimThreads) -> None:
        self._threads = threads
        self._waiting: list[Parked] = []

    def __enter__(self) -> bool:
        return True

    def __exit__(self, *raised: object) -> None:
        pass

    def notify_all(self) -> None:
        for parked in self._waiting:
            parked.wake()
        self._waiting.clear()

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        clock = self._threads.process.clock
        deadline_s = None if timeout is None else clock.now_s() + timeout
        while not predicate():
            left_s = None if deadline_s is None else deadline_s - clock.now_s()
            if left_s is not None and left_s <= 0:
                return False
            parked = Parked(self._threads, left_s)
            self._waiting.append(parked)
            if parked.wait() is TIMED_OUT:
                self._waiting.remove(parked)
        return True


class SimInbox:
    """As queue.SimpleQueue."""

    def __init__(self, threads: SimThreads) -> None:
        self._threads = threads
        self._items: deque[Any] = deque()
        self._waiting: deque[Parked] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Any) -> None:
        self._items.append(item)
        if self._waiting:
            self._waiting.popleft().wake()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        clock = self._threads.process.clock
        deadline_s = None if timeout is None else clock.now_s() + timeout
        while not self._items:
            left_s = None if deadline_s is None else deadline_s - clock.now_s()
            if not block or (left_s is not None and left_s <= 0):
                raise queue.Empty
            parked = Parked(self._threads, left_s)
            self._waiting.append(parked)
            if parked.wait() is TIMED_OUT:
                self._waiting.remove(parked)
        return self._items.popleft()

    def get_nowait(self) -> Any:
        return self.get(block=False)


class SimThread:
    """A started thread."""

    def __init__(
        self, threads: SimThreads, work: Callable[..., None], args: tuple[Any, ...], name: str
    ) -> None:
        self.name = name
        self._work, self._args = work, args
        self._ended = SimEvent(threads)
        threads.spawn(self._run)

    def _run(self) -> None:
        self._work(*self._args)
        self._ended.set()

    def join(self, timeout: float | None = None) -> None:
        self._ended.wait(timeout)


class SimPool:
    """As concurrent.futures.ThreadPoolExecutor."""

    def __init__(self, threads: SimThreads, size: int, name: str) -> None:
        self._threads = threads
        self._size = size
        self._name = name
        self._inbox = SimInbox(threads)
        self._workers: list[SimThread] = []
        self._idle = 0
        self._is_shut = False

    def submit(self, work: Callable[..., None], /, *args: Any) -> None:
        if self._is_shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        self._inbox.put((work, args))
        if self._idle:
            self._idle -= 1
        elif len(self._workers) < self._size:
            name = f"{self._name}-{len(self._workers)}"
            self._workers.append(self._threads.start(self._work, name=name))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._is_shut = True
        if cancel_futures:
            while True:
                try:
                    self._inbox.get_nowait()
                except queue.Empty:
                    break
        for _ in self._workers:
            self._inbox.put(None)
        if wait:
            for worker in self._workers:
                worker.join()

    def _work(self) -> None:
        while True:
            if not self._inbox:
                self._idle += 1
            job = self._inbox.get()
            if job is None:
                return
            work, args = job
            work(*args)
