"""Faults between a caller and a backend: decides, breaks, journals.

call -> decide -> refuse | cut | pause | change the call -> backend -> change the answer -> cut
"""

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from reference.cloud.sqs.aftermath import Aftermath
from reference.cloud.sqs.batches import check_entries
from reference.cloud.sqs.duplicates import DELETES, Duplicates
from reference.cloud.sqs.errors import InternalFailure, SqsError
from reference.cloud.sqs.exchange import Cut, Request
from reference.cloud.sqs.faults import (
    Decision,
    Delay,
    Duplicate,
    EarlyExpiry,
    EmptyReceive,
    Fault,
    FaultInjector,
    HalfBatch,
    LoseAnswer,
    Outage,
    Refuse,
    Reorder,
    SlowBody,
    WrongMd5,
    error_of,
)
from reference.cloud.sqs.ordering import Draw
from reference.cloud.sqs.sends import check_batch
from reference.cloud.sqs.service import Backend, finished
from reference.cloud.sqs.wire import Call, Params

_NO_MD5 = "0" * 32


class Breaker:
    """Runs calls on a backend, with the faults of the plan in force."""

    def __init__(
        self, backend: Backend, faults: FaultInjector, throttle_error: type[SqsError]
    ) -> None:
        self._backend = backend
        self._faults = faults
        self._throttle_error = throttle_error
        self._duplicates = Duplicates(backend, faults)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Cut off the calls that a fault delays."""
        self._stopping.set()

    def run(self, call: Call, request: Request) -> Params | Awaitable[Params]:
        """As a Backend does, which this is to its caller; but it may also raise Cut."""
        decision = (
            self._faults.decide(call.action, call.queue_name) if self._faults.plan.faults else None
        )
        if decision is not None:
            return self._break(decision, call, request)
        if self._duplicates.kept:
            return self._perform(call, request)
        return self._backend.run(call, request)

    async def _break(self, decision: Decision, call: Call, request: Request) -> Params:
        """Raises SqsError or Cut."""
        fault, randomness = decision
        if isinstance(fault, Outage | Refuse | EmptyReceive):
            return self._answer_instead(fault, call)
        if isinstance(fault, Delay):
            await self._pause(fault.delay_s)
            if request.connection.is_lost and call.action == "ReceiveMessage":
                raise Cut  # no message goes to a client that left
        before = self._before(call)
        draw = Draw(randomness) if isinstance(fault, Reorder) else None
        failing = _failing(fault, randomness, call) if isinstance(fault, HalfBatch) else []
        try:
            result = await self._run_changed(fault, call, request, draw, failing)
        except SqsError:
            if isinstance(fault, Delay | LoseAnswer):
                self._journal(fault, call, before, {})
            if isinstance(fault, LoseAnswer):
                raise Cut(is_silent=fault.how == "timeout") from None
            raise
        if isinstance(fault, Duplicate):
            self._duplicates.keep(fault, call.queue_name or "", result)
        elif _has_happened(fault, failing, result, draw):
            self._journal(fault, call, before, result)
        if isinstance(fault, LoseAnswer):
            raise Cut(is_silent=fault.how == "timeout")
        if isinstance(fault, WrongMd5):
            result = _with_wrong_md5(result)
        if isinstance(fault, SlowBody):
            request.connection.trickle(fault.body_s)
        return result

    def _answer_instead(self, fault: Outage | Refuse | EmptyReceive, call: Call) -> Params:
        """Raises SqsError or Cut."""
        self._journal(fault, call, self._before(call), {})
        if isinstance(fault, Outage):
            raise Cut
        if isinstance(fault, Refuse):
            raise error_of(fault, self._throttle_error)
        return {}

    async def _perform(self, call: Call, request: Request) -> Params:
        if self._duplicates.kept and call.action in DELETES:
            return await self._duplicates.delete(call, request)
        return await finished(self._backend.run(call, request))

    async def _run_changed(
        self,
        fault: Fault,
        call: Call,
        request: Request,
        draw: Draw | None,
        failing: list[Params],
    ) -> Params:
        match fault:
            case HalfBatch() if failing:
                return await self._run_rest(call, request, failing)
            case EarlyExpiry():
                changed = {**call.params, "VisibilityTimeout": fault.visibility_s}
                call = replace(call, params=changed)
            case Reorder():
                call = replace(call, draw=draw)
        return await self._perform(call, request)

    async def _run_rest(self, call: Call, request: Request, failing: list[Params]) -> Params:
        """Run the other entries; these fail.

        Raises what is wrong with the batch as a whole, which a part might hide.
        """
        entries = call.params["Entries"]
        if call.action == "SendMessageBatch":
            queue = self._backend.queue_named(call.queue_name or "")
            check_batch(queue.attributes if queue else None, entries)
        else:
            check_entries(entries)
        rest = [entry for entry in entries if entry not in failing]
        done: Params = {}
        if rest:
            part = replace(call, params={**call.params, "Entries": rest})
            done = await self._perform(part, request)
        failed = [
            {
                "Id": entry["Id"],
                "SenderFault": False,
                "Code": InternalFailure.code,
                "Message": "Fault on demand.",
            }
            for entry in failing
        ]
        return {**done, "Failed": [*done.get("Failed", ()), *failed]}

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
        raise Cut

    def _before(self, call: Call) -> Aftermath:
        return Aftermath(call, self._backend.queue_named(call.queue_name or ""))

    def _journal(self, fault: Fault, call: Call, before: Aftermath, result: Params) -> None:
        self._faults.fired(fault, call.action, call.queue_name, before.rows(result))


def _failing(fault: HalfBatch, randomness: random.Random, call: Call) -> list[Params]:
    """The entries that are to fail: every second, or of those that come alone about half.

    Of calls that the plan counts, the one that is meant breaks in any case.
    """
    entries: list[Params] = call.params.get("Entries", [])
    if len(entries) == 1:
        return entries if fault.nth_call is not None or randomness.random() < 0.5 else []
    return entries[1::2]


def _has_happened(fault: Fault, failing: list[Params], result: Params, draw: Draw | None) -> bool:
    """Whether the fault made a difference: a plan that broke nothing must not look as if it had."""
    match fault:
        case HalfBatch():
            return bool(failing)
        case EarlyExpiry():
            return bool(result.get("Messages"))
        case WrongMd5():
            return bool(_with_wrong_md5(result) != result)
        case Reorder():
            return draw is not None and draw.has_reordered
        case _:
            return True


def _with_wrong_md5(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_wrong_md5(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _NO_MD5 if name.startswith("MD5Of") else _with_wrong_md5(each)
        for name, each in value.items()
    }
