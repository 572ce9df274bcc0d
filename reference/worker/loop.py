"""The worker's threads: senders, and for each queue pollers, a deleter and a heartbeat.

Pollers receive only while fewer messages are in hand than there are senders, so a slow
provider slows the receiving down instead of piling messages up until they expire. They wait for
that in turn, and each queue's long polls are its own: no queue waits for another one's messages.
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
from reference.worker.custody import Custody, GroupRun, Hands, read
from reference.worker.deletes import Deleter
from reference.worker.heartbeat import Heartbeat
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.port import Ledger
from reference.worker.outbox import Outbox
from reference.worker.record import WorkerJournal
from reference.worker.threads import MACHINE_THREADS, Event, Thread, Threads

# After SIGTERM: for a long poll that is about to end anyway. A longer one is left behind.
POLL_GRACE_S = 1.0
DRAIN_MAX_S = 25.0  # below the 30 s after which ECS and Kubernetes kill


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How the worker receives and how much it does at a time."""

    visibility_s: int = 30
    wait_s: int = 5  # a poll whose answer is lost stands still for so long, and the time-out
    pollers: int = 2  # of each queue
    senders: int = 8


@dataclass(frozen=True, kw_only=True)
class Source:
    """One queue to receive from. Long polls need a client with a longer time-out."""

    polls: QueueReader
    calls: QueueReader


@dataclass(frozen=True, kw_only=True)
class _Lane:
    """What is there once for each queue: a batch of deletes, for one, names only one queue."""

    source: Source
    custody: Custody
    courier: Courier
    deleter: Deleter
    heartbeat: Heartbeat
    is_over: Event  # no more is to be received


class Worker:
    """One worker process's engine."""

    def __init__(
        self,
        *,
        sources: Sequence[Source],
        providers: Sequence[Provider],
        ledger: Ledger | None = None,
        journal: Journal,
        clock: Clock,
        pace: Pace,
        threads: Threads = MACHINE_THREADS,
    ) -> None:
        """`providers` stand in the order of failover.

        Without a ledger, what was sent is remembered as long as the worker lives.
        """
        self._failover = Failover(providers, clock)
        self._ledger = ledger or MemoryLedger(clock)
        self._clock = clock
        self._pace = pace
        self._threads = threads
        self._stop = threads.event()
        self._drained = threads.event()
        self._hands = Hands(threads)
        self._journal = WorkerJournal(journal, clock)
        self._outbox = Outbox(
            failover=self._failover, ledger=self._ledger, journal=self._journal, clock=clock
        )
        self._senders = threads.pool(pace.senders, name="sender")
        self._lanes = {source: self._lane(source) for source in sources}
        self._pollers: list[Thread] = []
        self._log = structlog.get_logger()

    def _lane(self, source: Source) -> _Lane:
        custody = Custody(self._threads, self._hands)
        deleter = Deleter(source.calls, custody, self._journal, self._clock, self._threads)
        return _Lane(
            source=source,
            custody=custody,
            deleter=deleter,
            heartbeat=Heartbeat(
                source.calls,
                custody,
                self._journal,
                self._clock,
                visibility_s=self._pace.visibility_s,
            ),
            courier=Courier(
                calls=source.calls,
                outbox=self._outbox,
                deleter=deleter,
                custody=custody,
                journal=self._journal,
                clock=self._clock,
                margin_s=min(1.0, self._pace.visibility_s / 4),
                is_stopping=self._stop.is_set,
            ),
            is_over=self._threads.event(),
        )

    def start(self) -> None:
        """Begin to receive and send."""
        for lane in self._lanes.values():
            self._start(lane)

    def follow(self, sources: Sequence[Source]) -> None:
        """From now on receive from these; what is in hand of another is still finished."""
        if self._stop.is_set():
            return
        for source in [source for source in self._lanes if source not in sources]:
            self._lanes.pop(source).is_over.set()
        for source in [source for source in sources if source not in self._lanes]:
            self._lanes[source] = self._lane(source)
            self._start(self._lanes[source])

    def _start(self, lane: _Lane) -> None:
        # A long poll in progress cannot be interrupted, and must not delay the end.
        self._pollers += [
            self._threads.start(self._poll, lane, name=f"poller-{n}")
            for n in range(self._pace.pollers)
        ]
        for name, work in (("deleter", lane.deleter.work), ("heartbeat", lane.heartbeat.work)):
            self._threads.start(work, self._drained, name=name)

    def drain(self) -> bool:
        """Stop receiving, finish what was begun, give the rest back; False if that took too long.

        Returns within POLL_GRACE_S + DRAIN_MAX_S seconds and the provider's own time-out.
        """
        self._stop.set()
        deadline_s = self._clock.now_s() + POLL_GRACE_S
        for poller in self._pollers:
            poller.join(max(0.0, deadline_s - self._clock.now_s()))
        is_drained = self._hands.wait_for_fewer_than(1, DRAIN_MAX_S)
        self._drained.set()
        self._senders.shutdown(wait=is_drained, cancel_futures=True)
        self._failover.close()
        if is_drained:  # else a send may still end, and its outcome is to be kept
            self._ledger.close()
        if counts := self._outbox.counts():
            self._log.info("out of the ordinary", counts=counts)
        return is_drained

    def _poll(self, lane: _Lane) -> None:
        failures = 0
        turn = object()  # this thread's
        while not self._stop.is_set() and not lane.is_over.is_set():
            if not self._hands.wait_for_turn(turn, self._pace.senders, timeout_s=0.2):
                continue
            try:
                messages = lane.source.polls.receive(
                    wait_s=self._pace.wait_s, visibility_s=self._pace.visibility_s
                )
            except QueueError as error:
                failures += 1
                self._log.warning("receive failed", code=error.code, failures=failures)
                self._stop.wait(pause_s(failures))
                continue
            failures = 0
            self._dispatch(lane, messages)
        self._hands.give_up_turn(turn)

    def _dispatch(self, lane: _Lane, messages: Sequence[Received]) -> None:
        visible_at_s = self._clock.now_s() + self._pace.visibility_s
        in_hand = [read(message) for message in messages]
        for held in in_hand:
            self._journal.write("received", held)
        for run in lane.custody.take(in_hand, visible_at_s):
            if self._stop.is_set():
                self._deliver(lane, run)  # only gives back; the senders may be gone already
            else:
                self._senders.submit(self._deliver, lane, run)

    def _deliver(self, lane: _Lane, run: GroupRun) -> None:
        try:
            lane.courier.deliver(run)
        except Exception as error:  # noqa: BLE001 - one email's fault must not end the worker
            self._log.error("unexpected failure", **log_setup.fault_place(error))
            lane.courier.abandon(run, "fault")
