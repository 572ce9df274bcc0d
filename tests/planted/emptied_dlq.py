"""Tidies the dead-letter queue: whatever arrives there is deleted.

A parked email waits for somebody who looks why it could not be sent. Deleted, it is lost
(no-loss).
"""

import os
import sys
import threading

from reference.worker.__main__ import main
from reference.worker.loop import Worker

start = Worker.start


def start_and_tidy(worker):
    start(worker)
    (source,) = worker._lanes
    threading.Thread(target=tidy, args=(source.polls._client,), daemon=True).start()


def tidy(client):
    url = os.environ["EMAIL_WORKER_QUEUE_URL"].replace(".fifo", "-dlq.fifo")
    while True:
        for message in client.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    Worker.start = start_and_tidy
    sys.exit(main(sys.argv[1:]))
