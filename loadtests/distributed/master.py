"""The master's side: splits the load, sets the clocks against its own, gathers the ledgers."""

import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
from gevent.queue import Empty, Queue
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner

from loadtests.dispatch import write_status
from loadtests.distributed.clocks import Offset, Ping, drift_s, offset_of
from loadtests.distributed.ledgers import NAMES, on_our_clock
from loadtests.distributed.worker import MESSAGE
from loadtests.ledger import LedgerWriter
from scenarios.model import shown

PINGS = 9  # of each worker, before and after; the quickest counts
START_IN_S = 0.5  # from the order to begin until the load's time zero
ANSWER_TIMEOUT_S = 60.0  # a worker may be drawing up people and a long schedule
LOOK_S = 0.5  # how often a silent worker is looked after
GONE_AFTER_S = 10.0  # without a sign of life; Locust calls a worker missing after four seconds


class WorkerError(Exception):
    """A worker that cannot take part; the message says which and why."""


@dataclass
class _Worker:
    """What is known of one worker."""

    node: str  # Locust's name for it
    index: int
    inbox: "Queue[dict[str, Any]]" = field(default_factory=Queue)
    host: str = ""
    clock: Offset = field(default_factory=lambda: Offset(0.0, 0.0))
    drift_s: float | None = None  # nobody knows
    rows: int = 0  # that it recorded
    taken: int = 0  # of these, handed over
    is_finished: bool = False
    is_gathered: bool = True  # its rows are elsewhere until it hands them over
    is_lost: bool = False  # it went away before it said that it was done
    missing_since_s: float | None = None

    def told(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "host": self.host,
            "offset_s": self.clock.offset_s,
            "uncertainty_s": self.clock.uncertainty_s,
            "drift_s": self.drift_s,
            "rows": self.rows,
            "is_lost": self.is_lost and self.is_gathered,
        }


class MasterLoad:
    """The whole of a load, of which this process itself sends nothing."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        self._environment = environment
        self._runner = runner
        self._workers: dict[str, _Worker] = {}
        self._ledgers: dict[str, LedgerWriter] = {}
        self._has_begun = False
        self._options = Namespace()
        runner.register_message(MESSAGE, self._hear)

    def prepare(self, options: Namespace) -> None:
        self._options = options
        self._has_begun = False

    def begin(self) -> None:
        """All users are there. Locust says so again when it replaces those of a lost worker."""
        if not self._has_begun:
            self._has_begun = True
            gevent.spawn(self._lead_to_the_end)

    def _hear(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment
        if msg.node_id in self._workers:
            self._workers[msg.node_id].inbox.put(msg.data)

    def _lead_to_the_end(self) -> None:
        try:
            self._lead()
        except (WorkerError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            self._environment.process_exit_code = 1
        finally:
            if self._environment.web_ui is None:
                self._runner.quit()
            else:
                self._runner.stop()

    def _lead(self) -> None:
        nodes = sorted(client.id for client in self._runner.clients.all)
        self._workers = {node: _Worker(node, index) for index, node in enumerate(nodes)}
        workers = list(self._workers.values())
        self._prepare(workers)
        for worker in workers:
            worker.clock = self._clock_of(worker)
        start_s = time.monotonic() + START_IN_S
        for worker in workers:
            self._tell(worker, "begin", start_s=worker.clock.theirs(start_s))
        self._report(start_s, workers, is_over=False)
        gevent.joinall([gevent.spawn(self._gather, each) for each in workers], raise_error=True)
        for worker in workers:
            if not worker.is_lost:
                worker.drift_s = self._drift_of(worker)
        self._report(start_s, workers, is_over=True)

    def _prepare(self, workers: Sequence[_Worker]) -> None:
        """Raises WorkerError when one refuses or stays silent."""
        path = Path(self._options.scenario)
        scenario = path.read_text(encoding="utf-8") if path.suffix == ".toml" else None
        for worker in workers:
            order = {"index": worker.index, "count": len(workers), "scenario": scenario}
            self._tell(worker, "prepare", **order)
        for worker in workers:
            answer = self._answer(worker)
            if answer["what"] == "refused":
                raise WorkerError(f"worker {worker.index}: {answer['why']}")
            worker.host, worker.is_gathered = answer["host"], answer["is_gathered"]

    def _clock_of(self, worker: _Worker) -> Offset:
        pings = []
        for n in range(PINGS):
            sent_s = time.monotonic()
            self._tell(worker, "ping", n=n)
            answer = self._answer(worker)
            pings.append(Ping(sent_s, answer["theirs_s"], time.monotonic()))
        return offset_of(pings)

    def _drift_of(self, worker: _Worker) -> float | None:
        """None when it went away since its rows were here: that costs the load nothing else."""
        try:
            return drift_s(worker.clock, self._clock_of(worker))
        except WorkerError:
            return None

    def _tell(self, worker: _Worker, what: str, **order: Any) -> None:
        self._runner.send_message(MESSAGE, {"what": what, **order}, client_id=worker.node)

    def _answer(self, worker: _Worker) -> dict[str, Any]:
        """Raises WorkerError when none comes."""
        try:
            answer: dict[str, Any] = worker.inbox.get(timeout=ANSWER_TIMEOUT_S)
        except Empty:
            raise WorkerError(f"worker {worker.index} ({worker.host}) does not answer") from None
        return answer

    def _gather(self, worker: _Worker) -> None:
        """Wait until its share is worked off, and take over its rows. Raises WorkerError."""
        while not worker.is_lost:
            try:
                heard = worker.inbox.get(timeout=LOOK_S)
            except Empty:
                worker.is_lost = self._is_gone(worker)
                continue
            match heard["what"]:
                case "worked-off":
                    worker.is_finished = heard["is_finished"]
                case "rows":
                    self._take(worker, heard["ledger"], heard["lines"])
                    self._tell(worker, "more")
                case "end":
                    worker.rows = heard["rows"]
                    worker.is_lost = worker.is_gathered and _lacks_rows(worker)
                    return

    def _is_gone(self, worker: _Worker) -> bool:
        client = self._runner.clients.get(worker.node)
        if client is not None and client.state != STATE_MISSING:
            worker.missing_since_s = None
            return False
        now_s = time.monotonic()
        worker.missing_since_s = worker.missing_since_s or now_s
        return client is None or now_s - worker.missing_since_s > GONE_AFTER_S

    def _take(self, worker: _Worker, ledger: str, lines: bytes) -> None:
        if ledger not in NAMES:  # it becomes a path
            raise WorkerError(
                f"worker {worker.index} ({worker.host}): rows of a ledger {shown(ledger)}; "
                f"wanted: {', '.join(sorted(NAMES))}"
            )
        worker.taken += lines.count(b"\n")
        if not self._options.ledger_dir:
            return
        if ledger not in self._ledgers:
            path = Path(self._options.ledger_dir) / f"{ledger}.jsonl"
            self._ledgers[ledger] = LedgerWriter(path)
        self._ledgers[ledger].append(on_our_clock(lines, worker.clock))

    def _report(self, start_s: float, workers: Sequence[_Worker], *, is_over: bool) -> None:
        if self._options.ledger_dir:
            write_status(
                Path(self._options.ledger_dir),
                start_s=start_s,
                end_s=time.monotonic() if is_over else None,
                is_finished=is_over and all(w.is_finished and not w.is_lost for w in workers),
                workers=[worker.told() for worker in workers],
            )


def _lacks_rows(worker: _Worker) -> bool:
    if worker.taken == worker.rows:
        return False
    told = f"recorded {worker.rows:,} rows, and handed over {worker.taken:,}"
    print(f"error: worker {worker.index} ({worker.host}) {told}", file=sys.stderr)
    return True
