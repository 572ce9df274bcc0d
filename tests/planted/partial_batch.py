"""Writes in batches and looks at the call's answer, not at its entries'.

SQS answers 200 to a batch of which some entries failed; they stand in `Failed`. Their senders get
202 with the others (no-false-ack; and what was never stored cannot be delivered, so no-loss too).
"""

import sys
import threading
import time

from reference.api import __main__ as process
from reference.sqs_client import RECEIVE_MAX, SqsQueue

GATHER_S = 0.1


class Batching(SqsQueue):
    def __init__(self, *given):
        super().__init__(*given)
        self._waiting = []
        self._call = threading.Lock()

    def send(self, *, body, group, dedup_id):
        entry = {"MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": dedup_id}
        self._waiting.append(entry)
        time.sleep(GATHER_S)
        with self._call:  # whoever comes later finds its entry sent already
            batch, self._waiting = self._waiting[:RECEIVE_MAX], self._waiting[RECEIVE_MAX:]
            if batch:
                entries = [{"Id": str(n), **each} for n, each in enumerate(batch)]
                self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        return dedup_id


if __name__ == "__main__":
    process.sqs_client.SqsQueue = Batching
    sys.exit(process.main(sys.argv[1:]))
