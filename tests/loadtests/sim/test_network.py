"""What a client learns of its request when the network or the server fails it."""

import random

import pytest

from loadtests.sim import network as network_module
from loadtests.sim.network import LATENCY_S_MAX, Link, Network, Outcome, Route
from loadtests.sim.scheduler import Process, Scheduler
from loadtests.sim.threads import SimThreads
from reference.clock import VirtualClock

TIMEOUT_S = 5.0


class Echo:
    """Answers what it was asked, unless told to keep silent."""

    def __init__(self, scheduler):
        self.seen = []
        self.lost = []
        self.is_silent = False
        self.process = Process(scheduler, "server")
        self.process.serve = self.handle

    def handle(self, exchange):
        self.seen.append(exchange.request)
        exchange.when_lost(lambda: self.lost.append(exchange.request))
        if not self.is_silent:
            exchange.answer(exchange.request)


class World:
    def __init__(self, seed=1):
        self.scheduler = Scheduler(VirtualClock())
        self.network = Network(Process(self.scheduler, "kernel"), random.Random(seed))
        self.client = Process(self.scheduler, "client")
        self.server = Echo(self.scheduler)
        self.link = Link()
        self.outcomes = []
        threads = SimThreads(self.client, random.Random(seed))
        route = Route(self.network, threads, self.link, self.server)

        def ask(request):
            self.outcomes.append(route.call(request, connect_timeout_s=2.0, timeout_s=TIMEOUT_S))

        self.ask = lambda request: threads.start(ask, request, name="asking")

    def run(self, seconds):
        self.scheduler.run(deadline_s=self.scheduler.clock.now_s() + seconds)


@pytest.fixture(params=[0.0, 1.0], ids=["pooled", "new"])
def world(request, monkeypatch):
    """With connections that are all from a pool, or all new."""
    monkeypatch.setattr(network_module, "NEW_CONNECTION_SHARE", request.param)
    found = World()
    found.is_new = bool(request.param)
    return found


def test_a_request_is_answered_after_the_time_that_it_takes(world):
    world.ask("x")
    world.run(5 * LATENCY_S_MAX)
    assert world.outcomes == [Outcome("answer", "x")]


def test_a_server_that_is_down_refuses_unless_the_connection_is_stale(world):
    world.server.process = None
    for _ in range(40):
        world.ask("x")
    world.run(10)
    kinds = {outcome.kind for outcome in world.outcomes}
    assert kinds == ({"refused"} if world.is_new else {"refused", "reset"})


def test_a_server_that_dies_resets_what_it_had_in_hand(world):
    world.server.is_silent = True
    world.ask("x")
    world.run(2)
    assert world.server.seen == ["x"]
    world.server.process.kill()
    world.network.end_of(world.server.process)
    world.run(2)
    assert [outcome.kind for outcome in world.outcomes] == ["reset"]


def test_a_silent_server_learns_that_its_client_has_left(world):
    world.server.is_silent = True
    world.ask("x")
    world.run(TIMEOUT_S + 5)
    assert [outcome.kind for outcome in world.outcomes] == ["timeout"]
    assert world.server.lost == ["x"]


def test_a_client_that_dies_leaves(world):
    world.server.is_silent = True
    world.ask("x")
    world.run(2)
    world.client.kill()
    world.network.end_of(world.client)
    world.run(2)
    assert world.server.lost == ["x"]
    assert world.outcomes == []


def test_nothing_passes_a_partition_and_only_a_new_connection_shows_that_nothing_was_sent(world):
    world.link.blocked["to"], world.link.is_calm = 1, False
    world.ask("x")
    world.run(20)
    expected = "unreachable" if world.is_new else "timeout"
    assert [outcome.kind for outcome in world.outcomes] == [expected]
    assert world.server.seen == []


def test_a_request_outlives_a_short_partition(world):
    world.link.blocked["to"], world.link.is_calm = 1, False
    world.ask("x")
    world.run(0.5)
    world.link.blocked["to"] = 0
    world.run(10)
    assert world.outcomes == [Outcome("answer", "x")]


def test_an_answer_can_be_lost_after_the_deed(world):
    world.server.is_silent = True
    world.ask("x")
    world.run(2)
    world.link.blocked["from"], world.link.is_calm = 1, False
    world.server.seen.clear()
    world.run(20)
    assert [outcome.kind for outcome in world.outcomes] == ["timeout"]


def test_a_request_may_arrive_after_its_client_has_left(monkeypatch):
    monkeypatch.setattr(network_module, "NEW_CONNECTION_SHARE", 0.0)
    late = set()
    for seed in range(20):
        world = World(seed)
        world.link.blocked["to"], world.link.is_calm = 1, False
        world.ask("x")
        world.run(TIMEOUT_S + 0.5)
        world.link.blocked["to"] = 0
        world.run(60)
        assert [outcome.kind for outcome in world.outcomes] == ["timeout"]
        late.add(tuple(world.server.seen))
    assert late == {(), ("x",)}


def test_delays_add_to_every_passage_and_tell_that_they_were_met(world):
    told = []
    world.link.delay_s["from"], world.link.is_calm = 1.0, False
    world.link.on_use.append(told.append)
    world.ask("x")
    world.run(0.9)
    assert world.outcomes == []
    world.run(5)
    assert world.outcomes == [Outcome("answer", "x")]
    assert set(told) == {"from"}
