"""Swallows SQS's refusal: the error of a write is noted, and the sender gets its 202.

SQS has stored nothing, and the sender, content, does not try again (no-false-ack; and what was
never stored cannot be delivered, so no-loss too).
"""

import contextlib
import sys

from reference.api import app
from reference.api.__main__ import main
from reference.api.sending import QueueSender, SendFailedError


class ContentSender(QueueSender):
    async def send(self, *, body, group, email_id):
        with contextlib.suppress(SendFailedError):
            await super().send(body=body, group=group, email_id=email_id)


if __name__ == "__main__":
    app.QueueSender = ContentSender
    sys.exit(main(sys.argv[1:]))
