"""A local SQS inside a running Python process, for tests and notebooks.

with running() as url:
    boto3.client("sqs", endpoint_url=url, ...)
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reference.cloud.sqs.app import SqsApp, create_app
from reference.cloud.sqs.server import HttpServer
from reference.listening import bind

_START_S_MAX = 20.0


@contextmanager
def running(app: SqsApp | None = None, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve on a thread while the block runs; yields the endpoint URL.

    Raises PortBusyError when the port is taken.
    """
    listener = bind(host, port)
    url = f"http://{host}:{listener.getsockname()[1]}"
    started = threading.Event()
    server = HttpServer(app or create_app(), started.set)
    thread = threading.Thread(target=server.run, args=(listener,), daemon=True)
    thread.start()
    try:
        if not started.wait(_START_S_MAX):
            raise RuntimeError(f"the local SQS did not start within {_START_S_MAX:.0f} s")
        yield url
    finally:
        server.stop()
        thread.join(_START_S_MAX)
        listener.close()
