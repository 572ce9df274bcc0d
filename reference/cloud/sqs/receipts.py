"""Receipt handles: which receive of which message, in a form that nobody can make up.

A handle is as opaque as AWS's: base64 of the message's place in its queue, the number of the
receive, the hash of its group (which names the partition, also when the message is gone), and a
keyed digest over these and the queue's name. A handle of another queue, or one with a character
changed, is refused.
"""

import base64
import binascii
import hashlib
import struct
from typing import NamedTuple

from reference.cloud.sqs.checks import shown
from reference.cloud.sqs.errors import InvalidParameterValue, ReceiptHandleIsInvalid

HANDLE_EXPIRED = "The receipt handle has expired."
NO_SUCH_MESSAGE = "Message does not exist or is not available for visibility timeout change."
_FIELDS = struct.Struct(">QIQ")
_DIGEST_BYTES = 12


class Receipt(NamedTuple):
    order: int
    receive_number: int
    group_hash: int  # 0: not known


class ReceiptBook:
    """Issues and reads the handles of one queue."""

    def __init__(self, key: bytes, queue_name: str) -> None:
        self._keyed = hashlib.blake2b(queue_name.encode(), key=key, digest_size=_DIGEST_BYTES)
        self._queue_name = queue_name

    def issue(self, order: int, receive_number: int, group_hash: int = 0) -> str:
        fields = _FIELDS.pack(order, receive_number, group_hash)
        return base64.b64encode(fields + self._digest(fields)).decode()

    def read(self, handle: str) -> Receipt:
        """Raises ReceiptHandleIsInvalid for a handle that this queue never issued."""
        try:
            raw = base64.b64decode(handle, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        fields = raw[: _FIELDS.size]
        if len(raw) != _FIELDS.size + _DIGEST_BYTES or raw[_FIELDS.size :] != self._digest(fields):
            raise ReceiptHandleIsInvalid(
                f'The input receipt handle "{shown(handle)}" is not a valid receipt handle '
                f"of queue {self._queue_name}."
            )
        return Receipt(*_FIELDS.unpack(fields))

    def find(self, handle: str) -> Receipt | None:
        """The same; None for a handle that this queue never issued."""
        try:
            return self.read(handle)
        except ReceiptHandleIsInvalid:
            return None

    def _digest(self, fields: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(fields)
        return keyed.digest()


def unusable(handle: str, reason: str) -> InvalidParameterValue:
    """The error for a handle that was issued and is of no use now."""
    return InvalidParameterValue(
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}"
    )
