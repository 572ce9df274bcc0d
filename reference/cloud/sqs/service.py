"""The local SQS behind the protocols: quota, then operation or long poll.

Everything but the waiting is synchronous, so a call is atomic and needs no locks.
"""

from collections.abc import Awaitable
from functools import partial
from typing import Protocol

from reference.clock import Clock
from reference.cloud.sqs.attributes import Throughput
from reference.cloud.sqs.datalog import DataLog
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import SqsError
from reference.cloud.sqs.exchange import Request
from reference.cloud.sqs.limits import TOKEN_LENGTH_MAX
from reference.cloud.sqs.moves import MoveTasks
from reference.cloud.sqs.operations import Operations
from reference.cloud.sqs.partitions import groups_named
from reference.cloud.sqs.polling import LongPolls
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.quotas import Quotas
from reference.cloud.sqs.receives import ReceiveCall, receive_call
from reference.cloud.sqs.wire import Call, Params

_PER_PARTITION = Throughput.PER_PARTITION  # looking up a member costs as much as a call


class Backend(Protocol):
    """What does the operations: the engine here, or another SQS that we stand in front of."""

    def run(self, call: Call, request: Request) -> Params | Awaitable[Params]:
        """The answer, or an awaitable of it when it takes a while. Either may raise SqsError."""
        ...

    def queue_named(self, name: str) -> Queue | None:
        """The queue, if it is in this process; for the journal of faults."""
        ...

    def settle(self) -> None:
        """Do what the passing of time has brought about."""

    def stop(self) -> None:
        """Answer everybody who waits, at once."""

    def close(self) -> None:
        """The last call was answered."""


async def finished(result: Params | Awaitable[Params]) -> Params:
    """What a backend's `run` returned, once it is there. Raises SqsError."""
    return result if isinstance(result, dict) else await result


class LocalSqs:
    """A Backend over an engine in this process, in memory."""

    def __init__(
        self,
        clock: Clock,
        engine: Engine,
        quotas: Quotas,
        polls: LongPolls,
        *,
        throttle_error: type[SqsError],
    ) -> None:
        self._engine = engine
        self._quotas = quotas
        self._throttle_error = throttle_error
        self._polls = polls
        self._moves = MoveTasks(clock, engine)
        self._operations = Operations(engine, self._moves)
        self._is_stopping = False

    def run(self, call: Call, request: Request) -> Params | Awaitable[Params]:
        action, params = call.action, call.params
        queue = self._operations.queue_of(params)
        if queue is not None:
            throughput = queue.attributes.throughput
            # Which groups a call touches is worth asking only where partitions count.
            groups = partial(_groups_of, call, queue) if throughput is _PER_PARTITION else set
            if not self._quotas.admit(queue.name, throughput, action, groups):
                attempt_id = params.get("ReceiveRequestAttemptId")
                if attempt_id and len(attempt_id) <= TOKEN_LENGTH_MAX:
                    queue.burn_attempt(attempt_id)
                raise self._throttle_error("Request is throttled.")
        if action == "ReceiveMessage":
            assert queue is not None
            return self._receive(receive_call(queue, params, call.draw), request)
        result = self._operations.run(action, queue, params, request)
        if action == "DeleteQueue":
            self._quotas.forget(call.queue_name or "")
        return result

    def _receive(self, receive: ReceiveCall, request: Request) -> Params | Awaitable[Params]:
        result = receive.try_receive()
        if result is not None:
            self._charge(receive.queue, result)
            return result
        if receive.wait_s and not self._is_stopping:
            return self._wait(receive, request)
        receive.queue.counters.empty_receives += 1
        return {}

    async def _wait(self, receive: ReceiveCall, request: Request) -> Params:
        """A receive that found nothing waits, and ends with its client."""
        wait = self._polls.wait(receive)
        request.connection.when_lost(wait.leave)
        try:
            result = await wait.future
        finally:
            request.connection.when_lost(None)
        self._charge(receive.queue, result)
        return result

    def _charge(self, queue: Queue, received: Params) -> None:
        self._quotas.charge_receive(
            queue.name,
            queue.attributes.throughput,
            lambda: groups_named({"Entries": received.get("Messages", ())}, queue.group_of),
        )

    def queue_named(self, name: str) -> Queue | None:
        return self._engine.find(name)

    def settle(self) -> None:
        for queue in self._engine:
            queue.settle()
        self._moves.settle()

    def stop(self) -> None:
        self._is_stopping = True
        self._polls.end_all()

    def close(self) -> None:
        pass


class DurableSqs(LocalSqs):
    """The same, whose queues are kept on disk: a call is answered once its effects are there."""

    def __init__(
        self,
        clock: Clock,
        engine: Engine,
        quotas: Quotas,
        polls: LongPolls,
        data: DataLog,
        *,
        throttle_error: type[SqsError],
    ) -> None:
        super().__init__(clock, engine, quotas, polls, throttle_error=throttle_error)
        self._data = data

    def run(self, call: Call, request: Request) -> Params | Awaitable[Params]:
        data = self._data
        if data.is_behind:
            return self._run_caught_up(call, request)
        try:
            result = super().run(call, request)
        except SqsError as error:
            return self._refuse_after_commit(error)
        if not isinstance(result, dict):
            return self._commit_after(result)
        return result if data.is_whole else data.once_on_disk(result)

    async def _run_caught_up(self, call: Call, request: Request) -> Params:
        await self._data.commit()
        return await finished(self.run(call, request))

    async def _refuse_after_commit(self, error: SqsError) -> Params:
        """An error may rest on what is not on disk, such as a queue's deletion, or be written
        down itself, as burnt attempt ids are."""
        await self._data.commit()
        raise error

    async def _commit_after(self, result: Awaitable[Params]) -> Params:
        try:
            return await result
        finally:
            await self._data.commit()

    def close(self) -> None:
        self._data.close()


def _groups_of(call: Call, queue: Queue) -> set[int]:
    """Hashes of the groups that a call touches, as far as it tells beforehand."""
    if call.action != "ReceiveMessage":
        return groups_named(call.params, queue.group_of)
    group = queue.next_group()
    return set() if group is None else {group}
