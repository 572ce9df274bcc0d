"""A connection that an application may cut off: losing an answer is what some faults are for.

ASGI has no way to do so; this uvicorn protocol puts its transport into the scope's extensions.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "reference.transport"


class AbortableProtocol(HttpToolsProtocol):
    """For uvicorn's `http=` option."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"transport": self.transport}}


def abort(scope: Mapping[str, Any]) -> None:
    """Close the connection of a request at once; the client sees a reset."""
    transport: asyncio.Transport = scope["extensions"][_EXTENSION]["transport"]
    transport.abort()
