"""The worker's threads: pollers, senders, one deleter, one heartbeat; and how they end.

Pollers receive only while fewer messages are in hand than there are senders, so a slow
provider slows the receiving down instead of piling messages up until they expire.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from reference import log_setup
from reference.clock import Clock
from reference.errors import QueueError
from reference.journal import Journal
from reference.providers.base import Provider
from reference.providers.failover import Failover
from reference.sqs_client import QueueReader, Received
from reference.worker.backoff import pause_s
from reference.worker.courier import Courier
from reference.worker.custody import Custody, GroupRun, read
from reference.worker.deletes import Deleter
from reference.worker.heartbeat import Heartbeat
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.port import Ledger
from reference.worker.outbox import Outbox
from reference.worker.record import WorkerJournal
from reference.worker.threads import MACHINE_THREADS, Thread, Threads

# After SIGTERM: for a long poll that is about to end anyway. A longer one is left behind.
POLL_GRACE_S = 1.0
DRAIN_MAX_S = 25.0  # below the 30 s after which ECS and Kubernetes kill


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How the worker receives and how much it does at a time."""

    visibility_s: int = 30
    wait_s: int = 5  # a poll whose answer is lost stands still for so long, and the time-out
    pollers: int = 2
    senders: int = 8


class Worker:
    """One worker process's engine."""

    def __init__(
        self,
        *,
        polls: QueueReader,
        calls: QueueReader,
        providers: Sequence[Provider],
        ledger: Ledger | None = None,
        journal: Journal,
        clock: Clock,
        pace: Pace,
        threads: Threads = MACHINE_THREADS,
    ) -> None:
        """`polls` and `calls` are the same queue: long polls need a longer time-out.

        `providers` stand in the order of failover. Without a ledger, what was sent is remembered
        as long as the worker lives.
        """
        self._polls = polls
        self._failover = Failover(providers, clock)
        self._ledger = ledger or MemoryLedger(clock)
        self._clock = clock
        self._pace = pace
        self._threads = threads
        self._stop = threads.event()
        self._drained = threads.event()
        self._custody = Custody(threads)
        self._journal = WorkerJournal(journal, clock)
        self._deleter = Deleter(calls, self._custody, self._journal, clock, threads)
        self._heartbeat = Heartbeat(
            calls, self._custody, self._journal, clock, visibility_s=pace.visibility_s
        )
        self._outbox = Outbox(
            failover=self._failover, ledger=self._ledger, journal=self._journal, clock=clock
        )
        self._courier = Courier(
            calls=calls,
            outbox=self._outbox,
            deleter=self._deleter,
            custody=self._custody,
            journal=self._journal,
            clock=clock,
            margin_s=min(1.0, pace.visibility_s / 4),
            is_stopping=self._stop.is_set,
        )
        self._senders = threads.pool(pace.senders, name="sender")
        self._pollers: list[Thread] = []
        self._log = structlog.get_logger()

    def start(self) -> None:
        """Begin to receive and send."""
        # A long poll in progress cannot be interrupted, and must not delay the end.
        self._pollers = [
            self._threads.start(self._poll, name=f"poller-{n}") for n in range(self._pace.pollers)
        ]
        for name, work in (("deleter", self._deleter.work), ("heartbeat", self._heartbeat.work)):
            self._threads.start(work, self._drained, name=name)

    def drain(self) -> bool:
        """Stop receiving, finish what was begun, give the rest back; False if that took too long.

        Returns within POLL_GRACE_S + DRAIN_MAX_S seconds and the provider's own time-out.
        """
        self._stop.set()
        deadline_s = self._clock.now_s() + POLL_GRACE_S
        for poller in self._pollers:
            poller.join(max(0.0, deadline_s - self._clock.now_s()))
        is_drained = self._custody.wait_for_fewer_than(1, DRAIN_MAX_S)
        self._drained.set()
        self._senders.shutdown(wait=is_drained, cancel_futures=True)
        self._failover.close()
        if is_drained:  # else a send may still end, and its outcome is to be kept
            self._ledger.close()
        if counts := self._outbox.counts():
            self._log.info("out of the ordinary", counts=counts)
        return is_drained

    def _poll(self) -> None:
        failures = 0
        while not self._stop.is_set():
            if not self._custody.wait_for_fewer_than(self._pace.senders, timeout_s=0.2):
                continue
            try:
                messages = self._polls.receive(
                    wait_s=self._pace.wait_s, visibility_s=self._pace.visibility_s
                )
            except QueueError as error:
                failures += 1
                self._log.warning("receive failed", code=error.code, failures=failures)
                self._stop.wait(pause_s(failures))
                continue
            failures = 0
            self._dispatch(messages)

    def _dispatch(self, messages: Sequence[Received]) -> None:
        visible_at_s = self._clock.now_s() + self._pace.visibility_s
        in_hand = [read(message) for message in messages]
        for held in in_hand:
            self._journal.write("received", held)
        for run in self._custody.take(in_hand, visible_at_s):
            if self._stop.is_set():
                self._deliver(run)  # only gives back; the senders may be gone already
            else:
                self._senders.submit(self._deliver, run)

    def _deliver(self, run: GroupRun) -> None:
        try:
            self._courier.deliver(run)
        except Exception as error:  # noqa: BLE001 - one email's fault must not end the worker
            self._log.error("unexpected failure", **log_setup.fault_place(error))
            self._courier.abandon(run, "fault")
