"""One sample a second of what the queue counts and what each process costs."""

import contextlib
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Collection, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil

from loadtests.ledger import LedgerWriter

PERIOD_S = 1.0
MACHINE = "machine"  # as a source: all that runs on it, of this run or not
# How a queue that is broken on purpose fails to tell its metrics.
NO_METRICS = (OSError, HTTPException, ValueError, KeyError)


def queue_metrics(endpoint: str) -> dict[str, dict[str, float]]:
    """The local SQS's metrics by queue, under their CloudWatch names. Raises NO_METRICS."""
    with urllib.request.urlopen(f"{endpoint}/_admin/metrics", timeout=5) as answer:  # noqa: S310
        queues: dict[str, dict[str, float]] = json.load(answer)["queues"]
    return queues


class Sampler:
    """Samples in a thread until it is stopped.

    `cpu_share` is of one core: 1.0 is a process that keeps one busy.
    """

    def __init__(
        self,
        path: Path,
        endpoint: str | None,
        pids: Callable[[], dict[str, int]],
        stores: Mapping[str, str],
        families: Collection[str] = (),
    ):
        """`pids` tells the processes of the moment by component name.

        `stores` are the files, as a pattern in the ledger's folder, in which components keep what
        they need themselves. `families` are components that do their work in processes of their
        own making, which come and go.
        """
        self._folder = path.parent
        self._stores = stores
        self._ledger = LedgerWriter(path)
        self._endpoint = endpoint
        self._families = families
        self._cpu_count = psutil.cpu_count() or 1
        psutil.cpu_percent()  # the first reading has no interval to speak of
        self._pids = pids
        self._processes: dict[int, psutil.Process] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample, so that what was counted up to now is told, and end."""
        self._stop.set()
        self._thread.join()
        self._ledger.close()

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._stop.is_set():
            self._sample()
            due_s += PERIOD_S
            self._stop.wait(max(0.0, due_s - time.monotonic()))
        self._sample()

    def _sample(self) -> None:
        self._sample_processes()
        self._sample_stores()
        self._sample_queues()

    def _sample_processes(self) -> None:
        self._write(MACHINE, "busy_cores", psutil.cpu_percent() / 100 * self._cpu_count)
        for name, pid in self._pids().items():
            try:
                known = pid in self._processes
                process = self._processes.setdefault(pid, psutil.Process(pid))
                share = process.cpu_percent() / 100
                memory_bytes = process.memory_info().rss
                open_files = process.num_fds()
                if name in self._families:
                    share += self._children_share(process)
            except psutil.Error:
                continue  # it has just ended
            if known:  # the first reading has no interval to speak of
                self._write(name, "cpu_share", share)
            self._write(name, "memory_bytes", memory_bytes)
            self._write(name, "open_files", open_files)

    def _children_share(self, parent: psutil.Process) -> float:
        share = 0.0
        for child in parent.children(recursive=True):
            known = child.pid in self._processes
            with contextlib.suppress(psutil.Error):
                taken = self._processes.setdefault(child.pid, child).cpu_percent() / 100
                share += taken if known else 0.0
        return share

    def _sample_stores(self) -> None:
        for name, pattern in self._stores.items():
            sizes_bytes = []
            for file in self._folder.glob(pattern):
                with contextlib.suppress(FileNotFoundError):  # begun anew just now
                    sizes_bytes.append(file.stat().st_size)
            if sizes_bytes:
                self._write(name, "stored_bytes", sum(sizes_bytes))

    def _sample_queues(self) -> None:
        if self._endpoint is None:
            return
        try:
            queues = queue_metrics(self._endpoint)
        except NO_METRICS:
            self._write("sqs", "unreachable", 1)  # a fault may want it so
            return
        for queue, metrics in queues.items():
            for name, value in _flat(metrics):
                self._write(f"queue:{queue}", name, value)

    def _write(self, source: str, name: str, value: float) -> None:
        self._ledger.write(source=source, name=name, value=value)


def _flat(metrics: dict[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    """Nested counters (`admitted_calls` by action) as dotted names; absent values left out."""
    rows: list[tuple[str, float]] = []
    for name, value in metrics.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}.")
        elif isinstance(value, int | float):
            rows.append((f"{prefix}{name}", float(value)))
    return rows
