"""The API's way to a pool's queues while groups move, on the machine's clock with short waits."""

import anyio
import pytest

from reference.api import moving
from reference.api.moving import MovingRoute
from reference.clock import MonotonicClock, VirtualClock
from reference.domain import GroupMarker
from reference.errors import LedgerError, QueueError
from reference.queues.epochs import Epoch
from reference.queues.pool import Pool
from reference.queues.pool_file import PoolFile
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.port import Outcome

URLS = tuple(f"http://127.0.0.1:1/0/{name}.fifo" for name in "abc")
BEFORE, AFTER = Pool(URLS[:2]), Pool(URLS)
FENCE_S = 0.05


def group_that(moves):
    groups = (f"g{n}" for n in range(100))
    return next(g for g in groups if (BEFORE.owner(g) != AFTER.owner(g)) is moves)


MOVER, STAYER = group_that(True), group_that(False)


class Queue:
    def __init__(self, url):
        self.url = url
        self.sent = []
        self.failures = []

    def send(self, *, body, group, dedup_id):
        if self.failures:
            raise self.failures.pop()
        self.sent.append((body, group, dedup_id))
        return "message-1"

    def check(self):
        """It can always be reached."""


class World:
    def __init__(
        self, folder, epoch, ledger=None, *, clock=None, fence_s=FENCE_S, call_s=FENCE_S / 2
    ):
        self.clock = clock or MonotonicClock()
        self.path = folder / "pool.json"
        self.path.write_text(epoch.to_json())
        self.ledger = ledger or MemoryLedger(self.clock)
        self.queues = {url: Queue(url) for url in URLS}
        file = PoolFile(self.path, self.clock)
        self.route = MovingRoute(
            file,
            self.queues.__getitem__,
            self.ledger,
            self.clock,
            fence_s=fence_s,
            call_s=call_s,
        )

    def pass_markers(self):
        """As a worker does that receives them."""
        for queue in self.queues.values():
            for body, _, _ in queue.sent:
                self.know(GroupMarker.id_in(body))

    def know(self, email_id):
        claim = self.ledger.claim(email_id, provider="", lease_s=1)
        self.ledger.settle(claim, Outcome.SENT)

    async def url_of(self, group=MOVER, email_id="em_1"):
        way = await self.route.way_of(group=group, email_id=email_id)
        return None if way is None else way.queue.url


GROWN = Epoch(2, AFTER, (BEFORE,))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(moving, "HOLD_S", 0.4)
    monkeypatch.setattr(moving, "ASK_EVERY_S", 0.01)


def test_a_group_that_moves_waits_for_its_marker(tmp_path):
    world = World(tmp_path, GROWN)

    async def go():
        with pytest.raises(QueueError, match="GroupMoving") as caught:
            await world.url_of()
        assert caught.value.is_definite
        old = world.queues[BEFORE.owner(MOVER)]
        assert len(old.sent) == 1  # one marker, however often the ledger is asked
        assert old.sent[0][1] == MOVER
        world.pass_markers()
        assert await world.url_of() == AFTER.owner(MOVER)
        assert len(old.sent) == 1

    anyio.run(go)


def test_a_request_goes_on_as_soon_as_the_marker_has_left(tmp_path):
    world = World(tmp_path, GROWN)
    came = []

    async def go():
        async def send(number):
            await world.url_of(email_id=f"em_{number}")
            came.append(number)

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(send, number)
            while not world.queues[BEFORE.owner(MOVER)].sent:
                await anyio.sleep(0.01)
            assert not came
            world.pass_markers()

    anyio.run(go)
    assert sorted(came) == list(range(5))  # in no order: they were there at once


def test_no_more_requests_are_held_than_can_be_answered(tmp_path, monkeypatch):
    monkeypatch.setattr(moving, "HELD_MAX", 3)
    world = World(tmp_path, GROWN)

    async def go():
        async def held():
            with pytest.raises(QueueError, match="GroupMoving"):
                await world.url_of()

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(held)
            await anyio.sleep(0.01)
            with anyio.fail_after(0.1):
                await held()

    anyio.run(go)


def test_a_group_that_stays_waits_for_nothing(tmp_path):
    world = World(tmp_path, GROWN)
    assert anyio.run(world.url_of, STAYER) == BEFORE.owner(STAYER) == AFTER.owner(STAYER)
    assert not any(queue.sent for queue in world.queues.values())


def test_a_replica_that_has_just_begun_is_not_ready_before_it_may_move_groups(tmp_path):
    world = World(tmp_path, GROWN)
    with pytest.raises(QueueError, match="GroupMoving"):
        world.route.check()
    anyio.run(anyio.sleep, FENCE_S)
    world.route.check()


def test_an_email_that_the_old_queue_had_is_not_stored_in_the_new_one(tmp_path):
    world = World(tmp_path, GROWN)

    async def go():
        await anyio.sleep(FENCE_S)
        with pytest.raises(QueueError):
            await world.url_of()
        world.pass_markers()
        world.know("em_1")
        assert await world.url_of(email_id="em_1") is None
        assert await world.url_of(email_id="em_2") == AFTER.owner(MOVER)

    anyio.run(go)


def test_a_way_closes_when_the_group_moves(tmp_path):
    world = World(tmp_path, Epoch(1, BEFORE))

    async def go():
        ways = [await world.route.way_of(group=g, email_id="em_1") for g in (MOVER, STAYER)]
        assert [way.is_open() for way in ways] == [True, True]
        world.path.write_text(GROWN.to_json())
        await anyio.sleep(0.6)  # longer than a file stays unread
        assert [way.is_open() for way in ways] == [False, True]
        # Back again: what the queue between may hold comes first.
        world.path.write_text(GROWN.next(BEFORE.urls).to_json())
        await anyio.sleep(0.6)
        assert [way.is_open() for way in ways] == [False, True]

    anyio.run(go)


def test_while_the_file_cannot_be_read_every_way_closes_before_others_may_move_its_group(tmp_path):
    world = World(tmp_path, Epoch(1, BEFORE), clock=VirtualClock(), fence_s=5.0, call_s=3.0)

    async def go():
        ways = [await world.route.way_of(group=g, email_id="em_1") for g in (MOVER, STAYER)]
        text = world.path.read_text()
        world.path.unlink()
        world.clock.advance(2.0)
        assert [way.is_open() for way in ways] == [True, True]
        world.route.check()
        world.clock.advance(0.5)
        assert [way.is_open() for way in ways] == [False, False]
        with pytest.raises(QueueError, match="PoolFileUnread"):
            world.route.check()
        world.path.write_text(text)
        world.clock.advance(0.5)
        assert [way.is_open() for way in ways] == [True, True]
        world.route.check()

    anyio.run(go)


def test_a_marker_that_could_not_be_sent_is_sent_again(tmp_path):
    world = World(tmp_path, GROWN)
    old = world.queues[BEFORE.owner(MOVER)]
    old.failures = [QueueError("RequestThrottled", is_definite=True, is_transient=True)]

    async def go():
        with pytest.raises(QueueError):
            await world.url_of()

    anyio.run(go)
    assert len(old.sent) == 1


def test_a_ledger_that_cannot_tell_is_no_licence(tmp_path):
    class Broken(MemoryLedger):
        def known(self, email_id):
            raise LedgerError("SQLITE_FULL")

    world = World(tmp_path, GROWN, Broken(MonotonicClock()))

    async def go():
        with pytest.raises(QueueError, match="SQLITE_FULL") as caught:
            await world.url_of()
        assert (caught.value.is_definite, caught.value.is_transient) == (True, True)

    anyio.run(go)
