"""Binding a server socket and telling others where it is.

A server asked for port 0 takes a free one; its port file then says which, written whole or not
at all, and only once connections are accepted.
"""

import socket
from pathlib import Path


class PortBusyError(Exception):
    """Another process listens there."""


def bind(host: str, port: int) -> socket.socket:
    """Open a listening TCP socket.

    Raises PortBusyError when the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise PortBusyError(
            f"cannot listen on {host}:{port} ({error.strerror}); "
            "stop the process that uses it or choose another port (0 takes a free one)"
        ) from error
    return listener


def announce(listener: socket.socket, port_file: Path | None) -> int:
    """Write the socket's port to `port_file`, if one is wanted, and return the port."""
    port = int(listener.getsockname()[1])
    if port_file is not None:
        draft = port_file.with_suffix(".draft")
        draft.write_text(f"{port}\n")
        draft.replace(port_file)
    return port
