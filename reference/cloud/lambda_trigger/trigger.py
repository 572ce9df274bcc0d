"""The mapping at work: slots that gather batches, have them handled and settle them.

As many slots as the scaler allows, each a thread: it long-polls, invokes the function with what it
got and deletes what is done, as a Lambda event poller does. A batch that is throttled is tried
again with a back-off until the visibility of its messages is over (services-sqs-errorhandling);
the lengths of the pauses are ours.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from reference.clock import Clock
from reference.cloud.lambda_trigger.batching import Batcher
from reference.cloud.lambda_trigger.function import (
    Function,
    Invocation,
    NoEnvironmentError,
    ThrottledError,
)
from reference.cloud.lambda_trigger.groups import GroupsInFlight, groups_of
from reference.cloud.lambda_trigger.mapping import Mapping
from reference.cloud.lambda_trigger.records import Record, event_of
from reference.cloud.lambda_trigger.scaling import Scaler
from reference.cloud.lambda_trigger.settling import Settlement, settle_answered, settle_failed
from reference.cloud.lambda_trigger.slots import Slots
from reference.cloud.lambda_trigger.source import Source, pause_s
from reference.errors import QueueError
from reference.journal import Journal
from reference.log_setup import fault_place

POLL_WAIT_S = 20
TICK_S = 0.1
POLL_GRACE_S = 1.0  # for a long poll that is about to end anyway, after SIGTERM
DRAIN_GRACE_S = 5.0  # beyond the function's time-out
THROTTLE_PAUSE_FIRST_S, THROTTLE_PAUSE_MAX_S = 0.1, 5.0


class Trigger:
    """One event source mapping, in threads of its own."""

    def __init__(
        self,
        *,
        mapping: Mapping,
        source: Source,
        function: Function,
        scaler: Scaler,
        journal: Journal,
        clock: Clock,
        idle_s: float,
        seed: int,
    ) -> None:
        """`idle_s`: after so long without an invocation an environment is retired."""
        self._mapping = mapping
        self._source = source
        self._function = function
        self._journal = journal
        self._clock = clock
        self._idle_s = idle_s
        self._random = random.Random(seed)
        self._groups = GroupsInFlight()
        self._slots = Slots(scaler, mapping, clock)
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._log = structlog.get_logger()

    def start(self) -> None:
        """Begin to poll."""
        threading.Thread(target=self._supervise, name="supervisor", daemon=True).start()

    def drain(self) -> bool:
        """Receive no more, finish what was begun; False if that took too long."""
        is_drained = self._slots.stop(POLL_GRACE_S, self._mapping.timeout_s + DRAIN_GRACE_S)
        self._function.close()
        with self._lock:
            totals = {
                **dict(sorted(self._counts.items())),
                "environments": self._function.started,
                "concurrency_max": self._function.busy_max,
            }
        self._journal.write(at_s=self._clock.now_s(), event="summary", **totals)
        self._log.info("stopped", is_drained=is_drained, totals=totals)
        return is_drained

    def _supervise(self) -> None:
        """Have as many slots as the scaler allows; the body of a thread."""
        while not self._slots.is_stopping:
            before = self._slots.limit
            missing, busy = self._slots.observe()
            limit = self._slots.limit
            if limit != before:
                self._journal.write(
                    at_s=self._clock.now_s(), event="scaled", limit=limit, busy=busy
                )
            for number in missing:
                threading.Thread(
                    target=self._work, args=(number,), name=f"slot-{number}", daemon=True
                ).start()
            self._function.retire_idle(self._idle_s)
            self._slots.pause(TICK_S)

    def _work(self, number: int) -> None:
        """The body of a slot's thread."""
        batcher = Batcher(self._clock, self._mapping)
        failures = 0
        while batcher or (number < self._slots.limit and not self._slots.is_stopping):
            try:
                due_in_s = batcher.due_in_s()
                if due_in_s is None or (due_in_s > 0 and not self._slots.is_stopping):
                    self._gather(number, batcher, due_in_s)
                else:
                    self._handle(batcher)
                failures = 0
            except QueueError as error:
                failures += 1
                self._count("receive_failures")
                self._log.warning("receive failed", code=error.code, failures=failures)
                self._slots.pause(pause_s(failures))
            except Exception as error:  # noqa: BLE001 - its messages reappear; the slot goes on
                failures += 1
                self._count("faults")
                self._log.error("unexpected failure", **fault_place(error))
                self._slots.pause(pause_s(failures))
        self._slots.leave(number)

    def _gather(self, number: int, batcher: Batcher, due_in_s: float | None) -> None:
        """One receive, no longer than the batch can wait. Raises QueueError."""
        wait_s = POLL_WAIT_S
        if due_in_s is not None:
            wait_s = min(POLL_WAIT_S, int(due_in_s))
            if not wait_s:  # less than a second, which no long poll can wait
                self._slots.pause(due_in_s)
        if not self._slots.begin_poll(number, has_batch=bool(batcher)):
            return
        records: list[Record] = []
        try:
            records = self._source.receive(count=batcher.room, wait_s=wait_s)
        finally:
            self._slots.end_poll(number, records)
        self._count("receives")
        self._count("received", len(records))
        if not records:
            self._count("empty_receives")
        if self._slots.is_stopping:
            self._source.release(records)
        else:
            batcher.add(records)

    def _handle(self, batcher: Batcher) -> None:
        """One batch, from its invocation to its deletion."""
        batch = batcher.take()
        groups = groups_of(batch)
        ends_at_s = min(record.visible_at_s for record in batch)
        if not self._hold(groups, ends_at_s):
            self._drop(batch, "visibility-over")
            batcher.drop(groups)
            return
        broken = groups
        try:
            invocation = self._invoke(batch, ends_at_s)
            if invocation is None:
                self._drop(batch, "throttled")
                return
            settlement = self._settle(batch, invocation)
            missed = self._source.delete(settlement.done)
            self._count("deleted", len(settlement.done) - missed)
            self._count("undeleted", missed)
            broken = settlement.broken_groups()
        finally:
            self._groups.release(groups)
            batcher.drop(broken)

    def _hold(self, groups: set[str], ends_at_s: float) -> bool:
        """Have the groups for ourselves, while the messages are certainly ours."""
        if not groups:
            return True
        if self._groups.hold(groups, ends_at_s - self._clock.now_s()):
            if self._clock.now_s() < ends_at_s:
                return True
            self._groups.release(groups)
        return False

    def _invoke(self, batch: Sequence[Record], ends_at_s: float) -> Invocation | None:
        """None when it was throttled until its messages are about to reappear."""
        event = event_of(batch)
        attempt = 0
        while True:
            try:
                return self._function.invoke(event)
            except (ThrottledError, NoEnvironmentError) as error:
                attempt += 1
                self._throttled(batch, error)
            pause_max_s = min(THROTTLE_PAUSE_MAX_S, THROTTLE_PAUSE_FIRST_S * 2 ** min(attempt, 10))
            with self._lock:
                pause = self._random.uniform(0, pause_max_s)
            if self._clock.now_s() + pause >= ends_at_s:
                return None
            time.sleep(pause)

    def _settle(self, batch: list[Record], invocation: Invocation) -> Settlement:
        if invocation.outcome == "ok":
            settlement = settle_answered(
                batch, invocation.answer, reports_failures=self._mapping.reports_failures
            )
        else:
            settlement = settle_failed(batch, invocation.fault)
        report = invocation.report
        self._journal.write(
            at_s=self._clock.now_s(),
            event="invoked",
            request_id=report.request_id,
            environment=invocation.environment,
            is_cold=invocation.is_cold,
            started_s=invocation.started_s,
            init_ms=report.init_ms,
            duration_ms=round(report.duration_ms, 2),
            billed_ms=report.billed_ms,
            memory_mb=report.memory_mb,
            memory_used_mb=report.memory_used_mb,
            messages=len(batch),
            failed=len(settlement.left),
            outcome=invocation.outcome,
            error_type=report.error_type or None,
        )
        self._count("invocations")
        self._count("cold_starts", int(invocation.is_cold))
        self._count("billed_ms", report.billed_ms)
        self._count("failed_messages", len(settlement.left))
        if settlement.fault:
            self._count("failed_batches")
            self._log.warning(
                "batch failed; its messages reappear at the end of their visibility time-out",
                outcome=invocation.outcome,
                fault=settlement.fault,
                messages=len(batch),
                request_id=report.request_id,
                environment=invocation.environment,
            )
            if not self._mapping.reports_failures:
                self._slots.set_back()
        return settlement

    def _throttled(self, batch: Sequence[Record], error: Exception) -> None:
        self._count("throttles")
        self._journal.write(at_s=self._clock.now_s(), event="throttled", messages=len(batch))
        if isinstance(error, NoEnvironmentError):
            self._log.error("no environment can be started", reason=str(error))
        self._slots.set_back()

    def _drop(self, batch: Sequence[Record], reason: str) -> None:
        self._count("dropped_batches")
        self._journal.write(
            at_s=self._clock.now_s(), event="dropped", messages=len(batch), reason=reason
        )
        self._log.warning(
            "batch given up; its messages reappear", reason=reason, messages=len(batch)
        )

    def _count(self, what: str, number: int = 1) -> None:
        with self._lock:
            self._counts[what] += number
