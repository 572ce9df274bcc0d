"""A tiny ASGI server, whose application a test writes."""

import socket
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from reference.listening import bind


@pytest.fixture
def serve():
    """Serve an ASGI application on a thread while the block runs; yields its port."""

    @contextmanager
    def serving(app):
        listener = bind("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)
            listener.close()

    return serving


@pytest.fixture
def serve_bytes():
    """A server that answers every connection with the same bytes; None hangs up at once."""

    @contextmanager
    def serving(data):
        listener = bind("127.0.0.1", 0)
        connections = []

        def answer():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                if data is None:
                    connection.close()
                    continue
                connections.append(connection)
                connection.sendall(data)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            listener.close()
            for connection in connections:
                connection.close()

    return serving
