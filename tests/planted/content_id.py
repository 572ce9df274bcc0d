"""Makes the email's id of its content: the sender's Idempotency-Key counts for nothing.

Two bookings of one guest, two reminders with one text: two keys, equal content, and SQS absorbs
the second as a repeat of the first for five minutes, with a 202. It is swallowed (no-loss), and
its 202 names the message of another email (no-false-ack).
"""

import hashlib
import json
import sys

from reference.api import __main__ as process
from reference.api.app import create_app
from reference.api.key_use import Claim, KeyUse

CONTENT = ("from", "to", "subject", "text")


class ContentKey:
    """ASGI: puts a digest of the content in the place of the sender's key."""

    def __init__(self, app, digest):
        self._app = app
        self._digest = digest

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["method"] == "POST":
            body, is_whole = b"", False
            while not is_whole:
                message = await receive()
                body += message.get("body", b"")
                is_whole = not message.get("more_body", False)
            email = json.loads(body)
            key = self._digest(json.dumps([email[name] for name in CONTENT]).encode())
            headers = [pair for pair in scope["headers"] if pair[0] != b"idempotency-key"]
            scope = {**scope, "headers": [*headers, (b"idempotency-key", key.encode())]}

            async def receive():
                return {"type": "http.request", "body": body}

        await self._app(scope, receive, send)


def main(digest, arguments):
    """The API with ids made by `digest`, and without its memory of what a key stands for."""
    process.create_app = lambda *given, **named: ContentKey(create_app(*given, **named), digest)
    KeyUse.claim = lambda *given, **named: Claim.NEW
    return process.main(arguments)


if __name__ == "__main__":
    sys.exit(main(lambda content: hashlib.sha256(content).hexdigest(), sys.argv[1:]))
