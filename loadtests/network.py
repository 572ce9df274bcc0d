"""How the parts of the pipeline reach each other: over loopback, unless faults need more."""

from typing import Literal, Protocol

LOOPBACK = "127.0.0.1"
Client = Literal["senders", "harness", "api", "worker"]
Server = Literal["api", "sqs", "sink"]


class Network(Protocol):
    """Where servers bind, and what their clients dial."""

    binds_to: str

    def address(self, client: Client, server: Server, port: int) -> tuple[str, int]:
        """What `client` has to dial to reach the `port` of `server`."""
        ...


class Loopback:
    """One machine, nothing in between."""

    binds_to = LOOPBACK

    def address(self, client: Client, server: Server, port: int) -> tuple[str, int]:
        del client, server
        return LOOPBACK, port
