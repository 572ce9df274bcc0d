"""Deletes a message that arrived damaged, instead of letting it come again.

The digest of SQS's answer shows that the copy in hand is not what was stored; the stored message is
whole, and after its visibility time-out it would be received again. Deleted, it is lost (no-loss).
"""

import hashlib
import sys

from reference.sqs_client import SqsQueue
from reference.worker import __main__ as process
from reference.worker import sources


class Tidy(SqsQueue):
    def __init__(self, client, queue_url):
        super().__init__(client, queue_url)
        client.meta.events.register("after-call.sqs.ReceiveMessage", self._drop_damaged)

    def _drop_damaged(self, parsed, **_):
        messages = parsed.get("Messages", [])
        damaged = [each for each in messages if each["MD5OfBody"] != md5(each["Body"])]
        parsed["Messages"] = [each for each in messages if each not in damaged]
        if damaged:
            self.delete([each["ReceiptHandle"] for each in damaged])


def md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    sources.SqsQueue = Tidy
    sys.exit(process.main(sys.argv[1:]))
