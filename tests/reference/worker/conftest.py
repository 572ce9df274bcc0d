"""A world in which the worker's parts run in one thread on a virtual clock.

The queue is a small model of an SQS FIFO queue: a group with an invisible message gives nothing
out, and a message received more often than `receives_max` is parked.
"""

import json
from types import SimpleNamespace

import pytest

from reference.clock import VirtualClock
from reference.domain import Email, QueuedEmail, email_id_for
from reference.errors import QueueError
from reference.providers.base import Accepted
from reference.providers.failover import Failover
from reference.sqs_client import Received
from reference.worker.courier import Courier
from reference.worker.custody import Custody, Hands, read
from reference.worker.deletes import Deleter
from reference.worker.heartbeat import Heartbeat
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.outbox import Outbox
from reference.worker.record import WorkerJournal

VISIBILITY_S = 30
BROKEN_CALL = QueueError("InternalError", is_definite=False, is_transient=True)


def body_of(key, **changes):
    email = {
        "from": "ann@example.com",
        "to": ["bob@example.com"],
        "subject": key,
        "text": "Hello",
    }
    return QueuedEmail(
        version=1,
        email_id=email_id_for("shop", key),
        email=Email.model_validate_json(json.dumps(email)),
        **changes,
    ).to_body()


class FakeQueue:
    """Holds messages in order; calls can be told to fail."""

    def __init__(self, clock, receives_max=3):
        self.clock = clock
        self.receives_max = receives_max
        self.messages = []
        self.parked = []
        self.deletes_to_fail = 0
        self.changes_to_fail = 0
        self.lost_delete_answers = 0
        self.extensions = []

    def put(self, key, group="g", body=None, **changes):
        text = body_of(key, **changes) if body is None else body
        self.messages.append(
            SimpleNamespace(
                key=key, group=group, body=text, visible_at_s=0.0, receives=0, handle=""
            )
        )

    def keys(self):
        return [message.key for message in self.messages]

    def receive(self, *, wait_s, visibility_s):
        now_s = self.clock.now_s()
        locked = {m.group for m in self.messages if m.visible_at_s > now_s}
        taken = []
        for message in [m for m in self.messages if m.group not in locked][:10]:
            message.receives += 1
            if message.receives > self.receives_max:
                self.messages.remove(message)
                self.parked.append(message.key)
                continue
            message.visible_at_s = now_s + visibility_s
            message.handle = f"{message.key}/{message.receives}"
            taken.append(
                Received(
                    message_id=f"id-{message.key}",
                    receipt_handle=message.handle,
                    body=message.body,
                    group=message.group,
                    dedup_id=email_id_for("shop", message.key),
                    receive_count=message.receives,
                )
            )
        return taken

    def _in_flight(self, handle):
        return next(
            (
                m
                for m in self.messages
                if m.handle == handle and m.visible_at_s > self.clock.now_s()
            ),
            None,
        )

    def delete(self, receipt_handles):
        if self.deletes_to_fail:
            self.deletes_to_fail -= 1
            raise BROKEN_CALL
        failures = {}
        for position, handle in enumerate(receipt_handles):
            message = self._in_flight(handle)
            if message is None:
                failures[position] = QueueError(
                    "InvalidParameterValue", is_definite=True, is_transient=False
                )
            else:
                self.messages.remove(message)
        if self.lost_delete_answers:
            self.lost_delete_answers -= 1
            raise BROKEN_CALL
        return failures

    def change_visibility(self, receipt_handles, visibility_s):
        if self.changes_to_fail:
            self.changes_to_fail -= 1
            raise BROKEN_CALL
        self.extensions.append((tuple(receipt_handles), visibility_s))
        failures = {}
        for position, handle in enumerate(receipt_handles):
            message = self._in_flight(handle)
            if message is None:
                failures[position] = BROKEN_CALL
            else:
                message.visible_at_s = self.clock.now_s() + visibility_s
        return failures


class FakeProvider:
    """Accepts, unless the script of a subject says otherwise; may run a hook while sending."""

    def __init__(self, name="fake"):
        self.name = name
        self.sent = []
        self.scripts = {}
        self.while_sending = lambda: None

    def send(self, outgoing):
        self.while_sending()
        key = outgoing.email.subject.reveal()
        script = self.scripts.get(key)
        if script:
            raise script.pop(0)
        self.sent.append(key)
        return Accepted("")

    def close(self):
        """Nothing to give back."""


class ListJournal:
    def __init__(self):
        self.rows = []

    def write(self, **row):
        self.rows.append(row)

    def events(self, event):
        return [row for row in self.rows if row["event"] == event]


class InlineDeleter(Deleter):
    """Deletes in the caller's thread, giving up after a few failed calls."""

    def submit(self, run, held, reason):
        deletion = super().submit(run, held, reason)
        for _ in range(3):
            self.delete_waiting(timeout_s=0)
            if deletion.done.is_set():
                return deletion
        deletion.done.set()
        self._waiting.get_nowait()
        self._custody.drop(run, [held])
        return deletion


class World:
    """Everything wired together as in the worker's loop, but for the threads."""

    def __init__(
        self,
        receives_max=3,
        courier_type=Courier,
        failover_type=Failover,
        ledger_type=MemoryLedger,
        providers=1,
    ):
        self.clock = VirtualClock(now_s=1000.0)
        self.queue = FakeQueue(self.clock, receives_max)
        self.providers = [FakeProvider(f"fake-{n}") for n in range(providers)]
        self.provider = self.providers[0]
        self.ledger = ledger_type(self.clock)
        self.journal = ListJournal()
        self.is_stopping = False
        self.hands = Hands()
        self.custody = Custody(hands=self.hands)
        journal = WorkerJournal(self.journal, self.clock)
        self.deleter = InlineDeleter(self.queue, self.custody, journal, self.clock)
        self.heartbeat = Heartbeat(
            self.queue, self.custody, journal, self.clock, visibility_s=VISIBILITY_S
        )
        self.courier = courier_type(
            calls=self.queue,
            outbox=Outbox(
                failover=failover_type(self.providers, self.clock),
                ledger=self.ledger,
                journal=journal,
                clock=self.clock,
            ),
            deleter=self.deleter,
            custody=self.custody,
            journal=journal,
            clock=self.clock,
            margin_s=1.0,
            is_stopping=lambda: self.is_stopping,
        )

    def receive(self):
        messages = self.queue.receive(wait_s=0, visibility_s=VISIBILITY_S)
        visible_at_s = self.clock.now_s() + VISIBILITY_S
        return self.custody.take([read(message) for message in messages], visible_at_s)

    def step(self):
        """One receive, all of it delivered."""
        for run in self.receive():
            self.courier.deliver(run)

    def work(self, steps, pause_s=10):
        for _ in range(steps):
            self.step()
            self.clock.advance(pause_s)


@pytest.fixture
def world():
    return World()


@pytest.fixture(scope="session")
def make_world():
    return World
