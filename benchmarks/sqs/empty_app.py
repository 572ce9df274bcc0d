"""The local SQS's server with an application that does nothing: what ASGI alone allows.

It reads each request and answers with as many bytes as a SendMessage's answer has.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, cast

from reference.cloud.sqs.app import Receive, Scope, Send, SqsApp, create_app
from reference.cloud.sqs.server import serve
from reference.listening import announce, bind

_BODY = (
    b'{"MessageId":"00000000-0000-0000-0000-000000000000",'
    b'"MD5OfMessageBody":"00000000000000000000000000000000",'
    b'"QueueUrl":"http://127.0.0.1/000000000000/bench"}'
)
_HEADERS = [
    (b"content-type", b"application/x-amz-json-1.0"),
    (b"x-amzn-requestid", b"00000000-0000-0000-0000-000000000000"),
    (b"content-length", str(len(_BODY)).encode()),
]


class EmptyApp:
    """A real SqsApp to its server, which may start, keep and stop it; its requests stop here."""

    def __init__(self, app: SqsApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _BODY})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sqs.empty_app")
    parser.add_argument("--port-file", type=Path, required=True)
    port_file: Path = parser.parse_args().port_file
    listener = bind("127.0.0.1", 0)

    def on_started() -> None:
        announce(listener, port_file)

    serve(cast(SqsApp, EmptyApp(create_app())), listener, on_started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
