"""Deletes that a fault lets fail unnoticed: the message is delivered once more.

AWS: "a message might be received again if a server was unavailable when you deleted it"
(DG standard-queues-at-least-once-delivery.html). So the delete succeeds, and instead of being
deleted the message is released. Its next delete counts.
"""

from collections import OrderedDict
from dataclasses import replace

from reference.cloud.sqs.aftermath import Row
from reference.cloud.sqs.exchange import Request
from reference.cloud.sqs.faults import Fault, FaultInjector
from reference.cloud.sqs.service import Backend, finished
from reference.cloud.sqs.wire import Call, Params

# What deletes, and what releases in its place.
DELETES = {
    "DeleteMessage": "ChangeMessageVisibility",
    "DeleteMessageBatch": "ChangeMessageVisibilityBatch",
}
_KEPT_MAX = 100_000  # of receivers that never delete; the oldest are let go

# A queue's name and a receipt handle.
Handle = tuple[str, str]


class Duplicates:
    """The receipt handles whose delete is ignored."""

    def __init__(self, backend: Backend, faults: FaultInjector) -> None:
        self._backend = backend
        self._faults = faults
        self.kept: OrderedDict[Handle, tuple[Fault, str]] = OrderedDict()

    def keep(self, fault: Fault, queue_name: str, received: Params) -> None:
        """Ignore the deletes of these messages."""
        for message in received.get("Messages", ()):
            handle = queue_name, message["ReceiptHandle"]
            self.kept[handle] = fault, message["MessageId"]
        while len(self.kept) > _KEPT_MAX:
            self.kept.popitem(last=False)

    async def delete(self, call: Call, request: Request) -> Params:
        """DeleteMessage or DeleteMessageBatch, without those to ignore. Raises SqsError."""
        name = call.queue_name or ""
        is_batch = call.action.endswith("Batch")
        entries = call.params["Entries"] if is_batch else [call.params]
        kept = [each for each in entries if self._is_kept((name, each["ReceiptHandle"]))]
        if not kept:
            return await finished(self._backend.run(call, request))
        released = [{**each, "VisibilityTimeout": 0} for each in kept]
        release = replace(
            call,
            action=DELETES[call.action],
            params={**call.params, "Entries": released} if is_batch else released[0],
        )
        result = await finished(self._backend.run(release, request))
        failed = {each["Id"] for each in result.get("Failed", ())}
        for each in kept:
            if each.get("Id") not in failed:
                self._forget((name, each["ReceiptHandle"]), call)
        others = [each for each in entries if each not in kept]
        if not others:
            return result
        rest = replace(call, params={**call.params, "Entries": others})
        deleted = await finished(self._backend.run(rest, request))
        every = {
            key: [*result.get(key, ()), *deleted.get(key, ())] for key in ("Successful", "Failed")
        }
        return {key: value for key, value in every.items() if value}

    def _is_kept(self, handle: Handle) -> bool:
        fault, _ = self.kept.get(handle, (None, ""))
        if fault is not None and fault not in self._faults.plan.faults:
            del self.kept[handle]  # the plan was taken back
            return False
        return fault is not None

    def _forget(self, handle: Handle, call: Call) -> None:
        fault, message_id = self.kept.pop(handle)
        row = Row(message_ids=[message_id])
        self._faults.fired(fault, call.action, call.queue_name, [row])
