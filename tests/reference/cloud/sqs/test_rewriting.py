"""A log that is begun anew while the server runs: nothing lost, nothing stopped.

The planted bug, a rewrite that forgets what happened meanwhile, shows that the comparison can
fail.
"""

import asyncio
import json
import os
import random
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference.cloud.sqs import datalog
from reference.cloud.sqs.limits import OFF
from reference.cloud.sqs.message import Outgoing, State

FIFO = {"FifoQueue": "true", "VisibilityTimeout": "30"}
QUEUES = ("q.fifo", "q", "dead.fifo", "dead")


class Life:
    """Random operations on queues with dead letters; `step` does one."""

    def __init__(self, engine, seed):
        self.engine = engine
        self.randomness = random.Random(seed)
        self.count = 0
        for suffix, attributes in ((".fifo", FIFO), ("", {"VisibilityTimeout": "30"})):
            dead = engine.create_queue(f"dead{suffix}", attributes)
            policy = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2}
            redrive = {"RedrivePolicy": json.dumps(policy)}
            engine.create_queue(f"q{suffix}", {**attributes, **redrive})

    def step(self):
        name = self.randomness.choice(QUEUES)
        queue = self.engine.find(name)
        if queue is None:
            queue = self.engine.create_queue(name, FIFO if name.endswith(".fifo") else {})
        act = self.randomness.choices(
            [self.send, self.receive, self.move, self.purge, self.delete], [60, 40, 3, 1, 1]
        )[0]
        act(queue)

    def send(self, queue):
        self.count += 1
        group = f"g{self.count % 7}"
        dedup_id = str(self.count) if queue.attributes.is_fifo else None
        queue.send(Outgoing(f"m{self.count}", 4, group, dedup_id))

    def receive(self, queue):
        attempt_id = f"attempt-{self.count}" if queue.attributes.is_fifo else None
        for received in queue.receive(5, attempt_id=attempt_id):
            match self.randomness.choice("dddrch"):
                case "d":
                    queue.delete(received.receipt_handle)
                case "r":
                    queue.change_visibility(received.receipt_handle, 0)
                case "c":
                    queue.change_visibility(received.receipt_handle, 500)

    def move(self, queue):
        suffix = ".fifo" if queue.attributes.is_fifo else ""
        destination = self.engine.find(f"q{suffix}")
        if destination not in (None, queue):
            queue.move_next(lambda message: destination)

    def purge(self, queue):
        queue.purge()

    def delete(self, queue):
        if self.randomness.random() < 0.3:
            self.engine.delete_queue(queue.name)


def repeatable(queue):
    """The attempts that can be asked for again, and for how many messages."""
    find = {message.order: message for message in queue.lives.store}.get
    recent = queue.attempts.recent()
    counts = {attempt_id: len(queue.attempts.replay(attempt_id, find)) for attempt_id, _ in recent}
    return {attempt_id: count for attempt_id, count in counts.items() if count}


def is_locking(queue, message):
    return message.state is State.IN_FLIGHT and queue.lives.ordering.is_last_set(message)


def everything(machine):
    """What lasts, ids of deduplication and attempts and locks of groups included."""
    lasting = {
        queue.name: (
            queue.dedup.keys(),
            repeatable(queue),
            sorted(m.message_id for m in queue.lives.store if is_locking(queue, m)),
            queue.has_available(),
        )
        for queue in machine.engine
    }
    return machine.state(), lasting


def live(machine, seed, steps=120):
    """Let a rewrite happen amid a life; whether it came to its end."""
    life = Life(machine.engine, seed)
    for _ in range(300):
        life.step()

    async def go_on():
        await machine.log.commit()
        for _ in range(steps):
            life.step()
            await machine.log.commit()
        if machine.log._rewriting is not None:
            await machine.log._rewriting
        for _ in range(10):
            life.step()
        await machine.log.commit()

    before = machine.log._file
    asyncio.run(go_on())
    return machine.log._file is not before


def comes_back(machine, seed):
    assert live(machine, seed), "no rewrite happened"
    before = everything(machine)
    machine.restart()
    return everything(machine) == before and machine.found.unknown == ()


@pytest.fixture
def tiny_slices(monkeypatch):
    """One record at a time, so that much happens between any two."""
    monkeypatch.setattr(datalog, "_SLICE_BYTES", 1)


@given(st.integers(0, 10**6))
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_happens_during_a_rewrite_comes_back(tiny_slices, new_machine, seed):
    machine = new_machine(uuid.uuid4().hex, renew_bytes_min=20_000, limits=OFF)
    try:
        assert comes_back(machine, seed)
    finally:
        machine.close()


def test_a_rewrite_that_forgets_what_happened_meanwhile_is_noticed(
    tiny_slices, new_machine, monkeypatch
):
    monkeypatch.setattr(datalog, "_copy", lambda old, from_bytes, draft: 0)
    machine = new_machine(renew_bytes_min=20_000, limits=OFF)
    assert not comes_back(machine, 1)


def test_calls_are_confirmed_while_the_log_is_begun_anew(tiny_slices, new_machine):
    machine = new_machine(renew_bytes_min=20_000)
    queue = machine.engine.create_queue("q.fifo", FIFO)
    for n in range(300):
        queue.send(Outgoing("m", 1, "g", str(n)))

    async def count_confirmed():
        await machine.log.commit()  # the log is long now
        queue.send(Outgoing("m", 1, "g", "first"))
        await machine.log.commit()
        confirmed = 0
        while not machine.log._rewriting.done():
            queue.send(Outgoing("m", 1, "g", f"meanwhile-{confirmed}"))
            await machine.log.commit()
            confirmed += 1
        return confirmed

    # A rewrite in one piece confirms none, or the one that waited for it.
    assert asyncio.run(count_confirmed()) > 10


def test_a_server_killed_amid_a_rewrite_goes_on_with_the_old_log(tiny_slices, new_machine):
    machine = new_machine(renew_bytes_min=20_000)
    queue = machine.engine.create_queue("q.fifo", FIFO)
    for n in range(300):
        queue.send(Outgoing("m", 1, "g", str(n)))

    async def until_amid():
        for n in range(2):
            queue.send(Outgoing("m", 1, "g", f"more-{n}"))
            await machine.log.commit()
        while not (machine.folder / "log.draft").exists():
            await asyncio.sleep(0)
        return machine.killed()

    killed = asyncio.run(until_amid())
    assert killed.state() == machine.state()
    killed.close()


def test_a_rewrite_without_room_leaves_the_old_log_and_no_draft(
    tiny_slices, new_machine, monkeypatch
):
    machine = new_machine(renew_bytes_min=20_000, limits=OFF)
    write = os.pwrite

    def full_for_drafts(fd, data, offset):
        is_draft = Path(f"/proc/self/fd/{fd}").readlink().suffix == ".draft"
        if is_draft and offset > 1_000:
            raise OSError(28, "No space left on device")
        return write(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", full_for_drafts)
    assert not live(machine, 3)
    assert not (machine.folder / "log.draft").exists()
    before = everything(machine)
    monkeypatch.undo()
    machine.restart()
    assert everything(machine) == before


def test_a_server_that_stops_amid_a_rewrite_leaves_no_draft(tiny_slices, new_machine):
    machine = new_machine(renew_bytes_min=20_000, limits=OFF)

    async def stop_amid():
        life = Life(machine.engine, 4)
        for _ in range(300):
            life.step()
        for _ in range(2):
            life.step()
            await machine.log.commit()
        before = machine.state()
        machine.close()
        return before

    before = asyncio.run(stop_amid())
    assert [path.name for path in machine.folder.iterdir() if path.suffix] == []
    machine.open()
    assert machine.state() == before
