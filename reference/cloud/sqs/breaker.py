"""Faults between a caller and a backend: decides, breaks, journals.

call -> decide -> refuse | cut | pause | change the call -> backend -> change the answer -> cut
"""

import asyncio
from typing import Any

from reference.cloud.sqs import sends
from reference.cloud.sqs.errors import InternalFailure, SqsError
from reference.cloud.sqs.faults import (
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
from reference.cloud.sqs.service import Backend
from reference.cloud.sqs.wire import Call, Params, Request

_SENDS = {"SendMessage", "SendMessageBatch"}
_NO_MD5 = "0" * 32


class Cut(Exception):  # noqa: N818 - no error: a decision
    """The caller gets no answer: now (`is_silent` False), or silence until it leaves."""

    def __init__(self, *, is_silent: bool = False) -> None:
        super().__init__()
        self.is_silent = is_silent


# The answer, and over how many seconds its bytes are spread.
Outcome = tuple[Params, float]


class Breaker:
    """Runs calls on a backend, with the faults of the plan in force."""

    def __init__(
        self, backend: Backend, faults: FaultInjector, throttle_error: type[SqsError]
    ) -> None:
        self._backend = backend
        self._faults = faults
        self._throttle_error = throttle_error
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Cut off the calls that a fault delays."""
        self._stopping.set()

    async def run(self, call: Call, request: Request) -> Outcome:
        """Raises SqsError or Cut."""
        decision = (
            self._faults.decide(call.action, call.queue_name) if self._faults.plan.faults else None
        )
        if decision is None:
            return await self._backend.run(call, request), 0.0
        fault, randomness = decision
        if isinstance(fault, Outage | Refuse | EmptyReceive):
            self._journal(fault, call, {})
            if isinstance(fault, Outage):
                raise Cut
            if isinstance(fault, Refuse):
                raise error_of(fault, self._throttle_error)
            return {}, 0.0
        if isinstance(fault, Delay):
            await self._pause(fault.delay_s)
        result: Params = {}
        try:
            result = await self._run_changed(fault, call, request)
        except SqsError:
            if not isinstance(fault, LoseAnswer):
                raise
        finally:
            self._journal(fault, call, result)
        if isinstance(fault, LoseAnswer):
            raise Cut(is_silent=fault.how == "timeout")
        if isinstance(fault, WrongMd5):
            result = _with_wrong_md5(result)
        if isinstance(fault, Reorder):
            randomness.shuffle(result.get("Messages", []))
        return result, fault.body_s if isinstance(fault, SlowBody) else 0.0

    async def _run_changed(self, fault: Fault, call: Call, request: Request) -> Params:
        match fault:
            case HalfBatch() if len(call.params.get("Entries", ())) > 1:
                return await self._run_half(call, request)
            case Duplicate():
                changed = {**call.params, "VisibilityTimeout": 0}
            case EarlyExpiry():
                changed = {**call.params, "VisibilityTimeout": fault.visibility_s}
            case _:
                changed = call.params
        return await self._backend.run(call._replace(params=changed), request)

    async def _run_half(self, call: Call, request: Request) -> Params:
        """Run every other entry, from the first; the rest fail."""
        entries = call.params["Entries"]
        done = await self._backend.run(
            call._replace(params={**call.params, "Entries": entries[::2]}), request
        )
        failed = [
            {
                "Id": entry["Id"],
                "SenderFault": False,
                "Code": InternalFailure.code,
                "Message": "Fault on demand.",
            }
            for entry in entries[1::2]
        ]
        return {**done, "Failed": [*done.get("Failed", ()), *failed]}

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
        raise Cut

    def _journal(self, fault: Fault, call: Call, result: Params) -> None:
        """One row; two when a part of a batch was stored."""
        action, queue_name = call.action, call.queue_name
        message_ids = _message_ids(result)
        if action not in _SENDS:
            self._faults.fired(fault, action, queue_name, message_ids=message_ids)
            return
        attributes = self._backend.attributes_of(queue_name or "")
        ids = sends.dedup_ids(attributes, action, call.params)
        # A single send has no entry id: its answer stands for the entry "".
        done = {each["Id"] for each in result.get("Successful", ())}
        if "MessageId" in result:
            done.add("")
        for stored in (True, False):
            dedup_ids = [each for entry, each in ids.items() if (entry in done) is stored]
            if dedup_ids or (not ids and bool(done) is stored):
                self._faults.fired(
                    fault,
                    action,
                    queue_name,
                    stored=stored,
                    dedup_ids=dedup_ids,
                    message_ids=message_ids if stored else [],
                )


def _message_ids(result: Params) -> list[str]:
    entries = (result, *result.get("Successful", ()), *result.get("Messages", ()))
    return [each["MessageId"] for each in entries if "MessageId" in each]


def _with_wrong_md5(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_wrong_md5(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _NO_MD5 if name.startswith("MD5Of") else _with_wrong_md5(each)
        for name, each in value.items()
    }
