"""A scripted queue, and an API in front of it that needs no socket."""

import threading

import anyio
import httpx
import pytest

from reference.api.app import create_app
from reference.api.limits import Limits
from reference.api.routing import OneQueue
from reference.clock import VirtualClock
from reference.errors import QueueError

KEY = "key-of-the-shop"


class ScriptedQueue:
    """Takes each send as the script says: an error is raised, anything else is a success."""

    def __init__(self, *script):
        self.script = list(script)
        self.sends = []
        self.checks = 0
        self.is_reachable = True
        self.keeps_order = True
        self._lock = threading.Lock()

    def send(self, *, body, group, dedup_id):
        with self._lock:
            self.sends.append((body, group, dedup_id))
            outcome = self.script.pop(0) if self.script else None
        if isinstance(outcome, Exception):
            raise outcome
        return "message-1"

    def send_batch(self, messages):
        failures = {}
        for position, message in enumerate(messages):
            try:
                self.send(body=message.body, group=message.group, dedup_id=message.dedup_id)
            except QueueError as error:
                failures[position] = error
        return failures

    def check(self):
        self.checks += 1
        if not self.is_reachable:
            raise QueueError("Down", is_definite=True, is_transient=True)


class Api:
    """The API over one queue, called without a network."""

    def __init__(self, queue, clock, limits):
        self.queue = queue
        self.clock = clock
        self.app = create_app(
            OneQueue(queue), {"shop": KEY, "bank": "key-of-bank"}, clock=clock, limits=limits
        )

    def call(self, method, path, *, key=KEY, headers=None, **options):
        authorization = {} if key is None else {"Authorization": f"Bearer {key}"}

        async def go():
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await client.request(
                    method, path, headers={**authorization, **(headers or {})}, **options
                )

        return anyio.run(go)


@pytest.fixture
def make_api():
    def make(*script, **limits):
        return Api(ScriptedQueue(*script), VirtualClock(), Limits(**limits))

    return make
