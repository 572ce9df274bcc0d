"""Servers without any work, which answer as many bytes as a SendMessage's answer has.

`--under uvicorn` is what ASGI allows: an empty application on a plain, quick ASGI server.
`--under own` is what the local SQS's own HTTP server allows, before SQS does anything.
"""

import argparse
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any, cast

import uvicorn

from reference.cloud.sqs.app import SqsApp, create_app
from reference.cloud.sqs.exchange import Reply, Request
from reference.cloud.sqs.server import serve
from reference.listening import announce, bind

Message = MutableMapping[str, Any]

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
_REPLY = Reply(200, b"".join(b"%b: %b\r\n" % header for header in _HEADERS[:2]), _BODY)


async def empty_app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})


class EmptyHandler:
    """A real SqsApp to its server, which may start, keep and stop it; its requests stop here."""

    def __init__(self, app: SqsApp) -> None:
        self._app = app

    def respond(self, request: Request) -> Reply:
        del request
        return _REPLY

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)


class _Uvicorn(uvicorn.Server):
    """Says when it has started."""

    def __init__(self, on_started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                empty_app,
                http="httptools",
                loop="uvloop",
                lifespan="off",
                ws="none",
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
            )
        )
        self._on_started = on_started

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends with exit code 0; uvicorn's own way raises the signal again after a clean stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sqs.empty_app")
    parser.add_argument("--under", choices=("uvicorn", "own"), required=True)
    parser.add_argument("--port-file", type=Path, required=True)
    options = parser.parse_args()
    listener = bind("127.0.0.1", 0)

    def on_started() -> None:
        announce(listener, options.port_file)

    if options.under == "own":
        serve(cast(SqsApp, EmptyHandler(create_app())), listener, on_started)
    else:
        _Uvicorn(on_started).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
