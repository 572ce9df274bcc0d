"""Says 202 before the write: the message goes to SQS in the background.

What SQS then refuses, or a crash forgets, is lost although its sender was told otherwise. Nothing
needs to fail for it to be seen: the queue's journal has each write after its 202 (no-false-ack).
"""

import asyncio
import sys

from reference.api import app
from reference.api.__main__ import main
from reference.api.sending import QueueSender

LATER_S = 0.05  # so that no write overtakes its own answer by chance


class EarlySender(QueueSender):
    async def send(self, *, body, group, email_id):
        asyncio.get_running_loop().create_task(self._send_later(body, group, email_id))

    async def _send_later(self, body, group, email_id):
        await asyncio.sleep(LATER_S)
        await super().send(body=body, group=group, email_id=email_id)


if __name__ == "__main__":
    app.QueueSender = EarlySender
    sys.exit(main(sys.argv[1:]))
