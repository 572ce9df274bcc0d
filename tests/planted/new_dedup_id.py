"""Tries a write again under a new deduplication id: SQS cannot know it for a repeat.

When SQS had stored the first and only its answer was lost, there are two messages, and the
recipient gets two emails (resend-safe).
"""

import sys
import uuid

from reference.api import __main__ as process
from reference.errors import QueueError
from reference.sqs_client import SqsQueue

ATTEMPTS = 3


class Renaming(SqsQueue):
    def send(self, *, body, group, dedup_id):
        for _ in range(ATTEMPTS - 1):
            try:
                return super().send(body=body, group=group, dedup_id=dedup_id)
            except QueueError:
                new_id = f"em_{uuid.uuid4().hex}"
                body, dedup_id = body.replace(dedup_id, new_id), new_id
        return super().send(body=body, group=group, dedup_id=dedup_id)


if __name__ == "__main__":
    process.sqs_client.SqsQueue = Renaming
    sys.exit(process.main(sys.argv[1:]))
