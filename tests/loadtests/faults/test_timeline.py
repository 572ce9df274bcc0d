"""The timeline on a virtual clock: each fault begins, fires and ends when it should, and always."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.faults import timeline as timeline_module
from loadtests.faults.journal import FaultJournal
from loadtests.faults.tails import Triggers
from loadtests.faults.timeline import FaultError, Timeline
from scenarios.faults import ClockFault, ProcessFault, Trigger

START_S = 100.0
TICKS_S = st.integers(0, 320).map(lambda n: n / 64)  # sums of these are exact


class Injection:
    """A fault that fires and heals when it is told to."""

    def __init__(self, *, fires=True, heals=True):
        self.fires, self.heals, self.is_healing = fires, heals, False

    def has_fired(self):
        return self.fires

    def heal(self):
        self.is_healing = True

    def is_healed(self):
        return self.is_healing and self.heals


class World:
    def __init__(self, folder, faults, make=Injection):
        self.folder = folder
        self.now_s = START_S
        self.injected = {}
        self.make = make
        self.journal = FaultJournal(folder)
        self.timeline = Timeline(
            faults,
            self.inject,
            Triggers(folder, {fault.after.ledger for fault in faults if fault.after}),
            self.journal,
            start_s=START_S,
            clock=lambda: self.now_s,
        )

    def inject(self, fault):
        self.injected[fault.label] = self.make()
        return self.injected[fault.label]

    def at(self, elapsed_s):
        self.now_s = START_S + elapsed_s
        self.timeline.step()

    @property
    def events(self):
        lines = (self.folder / "faults.jsonl").read_text().splitlines()
        return [(row["fault"], row["event"]) for row in map(json.loads, lines)]


@pytest.fixture
def world(tmp_path):
    worlds = []

    def make(*faults, make=Injection):
        worlds.append(World(tmp_path, faults, make))
        return worlds[-1]

    yield make
    for each in worlds:
        each.journal.close()


def step(label, start_s=1.0, end_s=2.0, after=None):
    return ClockFault(
        label=label,
        at="clock",
        kind="step",
        component="api",
        step_s=1,
        start_s=start_s,
        end_s=end_s,
        after=after,
    )


def kill(label, start_s=0.0, down_s=1.0):
    return ProcessFault(
        label=label, at="process", kind="kill", component="api", start_s=start_s, down_s=down_s
    )


def test_a_fault_begins_and_ends_at_its_times(world):
    it = world(step("it"))
    it.at(0.99)
    assert it.events == []
    it.at(1.0)
    assert it.events == [("it", "start"), ("it", "fired")]
    it.at(1.99)
    assert not it.injected["it"].is_healing
    it.at(2.0)
    assert it.events[2:] == [("it", "end")]


def test_a_process_comes_back_when_it_was_down_long_enough(world):
    it = world(kill("it", start_s=1, down_s=3))
    it.at(1)
    it.at(3.9)
    assert not it.injected["it"].is_healing
    it.at(4)
    assert it.injected["it"].is_healing


def test_a_trigger_starts_the_fault_and_its_times_count_from_there(world):
    after = Trigger(ledger="queue", event="stored", count=2)
    it = world(step("it", start_s=0, end_s=0.5, after=after))
    it.at(50)
    assert it.events == []
    (it.folder / "queue.jsonl").write_text('{"event": "stored"}\n' * 2)
    it.at(60)
    it.at(60.4)
    assert it.events == [("it", "start"), ("it", "fired")]
    it.at(60.5)
    assert it.events[2:] == [("it", "end")]


def test_what_made_no_difference_has_not_fired(world):
    it = world(step("it"), make=lambda: Injection(fires=False))
    it.at(1)
    it.at(2)
    assert it.events == [("it", "start"), ("it", "end")]


def test_slow_healing_delays_no_other_fault(world):
    it = world(kill("slow"), step("other"))
    it.at(0)
    it.injected["slow"].heals = False
    it.at(1)
    assert it.injected["slow"].is_healing
    assert ("slow", "end") not in it.events
    it.at(2)
    assert ("other", "end") in it.events
    it.injected["slow"].heals = True
    it.at(2.1)
    assert it.events[-1] == ("slow", "end")


def test_all_that_is_at_work_is_healed_at_the_end_and_nothing_begins(world):
    it = world(step("active", end_s=None), step("later", start_s=9, end_s=None))
    it.at(1)
    it.now_s = START_S + 20
    it.timeline.heal_all()
    assert it.events == [("active", "start"), ("active", "fired"), ("active", "end")]
    assert list(it.injected) == ["active"]
    assert it.timeline.problems == []


def test_what_cannot_be_healed_is_named(world, monkeypatch):
    it = world(kill("stuck"), make=lambda: Injection(heals=False))
    it.at(0)
    tick = SimpleNamespace(sleep=lambda seconds: setattr(it, "now_s", it.now_s + seconds))
    monkeypatch.setattr(timeline_module, "time", tick)
    it.timeline.heal_all(timeout_s=1)
    assert it.timeline.problems == ["not healed in time: stuck"]


def test_a_fault_that_cannot_be_caused_is_a_problem_and_the_others_go_on(world):
    def fail():
        raise FaultError("api does not run")

    it = world(kill("it"), make=fail)
    it.at(0)
    it.at(1)
    assert it.timeline.problems == ["it: api does not run"]
    assert it.events == []


@given(
    st.lists(st.tuples(TICKS_S, TICKS_S.filter(bool)), min_size=1, max_size=8),
    st.lists(TICKS_S, min_size=1, max_size=40),
)
def test_every_fault_that_started_ends_after_it_fired(tmp_path_factory, spans, gaps):
    folder = tmp_path_factory.mktemp("run")
    faults = [step(f"f{n}", a, a + b) for n, (a, b) in enumerate(spans)]
    it = World(folder, faults)
    now_s = 0.0
    for gap_s in gaps:
        now_s += gap_s
        it.at(now_s)
    it.timeline.heal_all()
    it.journal.close()
    for fault in faults:
        events = [event for label, event in it.events if label == fault.label]
        assert events == (["start", "fired", "end"] if fault.start_s <= now_s else [])
