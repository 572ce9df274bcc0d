"""Which message group a receipt handle of another SQS belongs to.

Its handles do not say. But a client that orders its work asks for the MessageGroupId of what it
receives, and then the answer that passes by says it. Handles that were never told belong to no
group that is known.
"""

from collections import OrderedDict

from reference.cloud.sqs.partitions import hash_of_group
from reference.cloud.sqs.wire import Params

_KEPT_MAX = 100_000  # of receivers that never delete; the oldest are let go


class SeenGroups:
    """Hashes of groups by receipt handle, of the receives that passed by last."""

    def __init__(self) -> None:
        self._hashes: OrderedDict[str, int] = OrderedDict()

    def see(self, received: Params) -> None:
        """An answer to ReceiveMessage passes by."""
        for message in received.get("Messages", ()):
            group = message.get("Attributes", {}).get("MessageGroupId")
            if group is not None:
                self._hashes[message["ReceiptHandle"]] = hash_of_group(group)
        while len(self._hashes) > _KEPT_MAX:
            self._hashes.popitem(last=False)

    def hash_of(self, receipt_handle: str) -> int | None:
        """As `partitions.groups_named` asks; None when it is not known."""
        return self._hashes.get(receipt_handle)
