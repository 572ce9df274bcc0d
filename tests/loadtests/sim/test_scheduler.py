"""Virtual time: order, pauses and deaths."""

import pytest

from loadtests.sim import scheduler as scheduler_module
from loadtests.sim.loop import ProcessLoop
from loadtests.sim.scheduler import Process, Scheduler, SimulationError
from reference.clock import VirtualClock


@pytest.fixture
def scheduler():
    return Scheduler(VirtualClock())


@pytest.fixture
def process(scheduler):
    return Process(scheduler, "p")


def test_callbacks_run_by_their_times_and_those_of_one_time_as_they_came(scheduler, process):
    ran = []
    for at_s, name in ((2, "c"), (1, "a"), (1, "b")):
        process.call_at(at_s, lambda name=name: ran.append((name, scheduler.clock.now_s())))
    scheduler.run(deadline_s=10)
    assert ran == [("a", 1), ("b", 1), ("c", 2)]


def test_what_was_taken_back_does_not_run(scheduler, process):
    ran = []
    process.call_at(1, ran.append, "x").cancel()
    scheduler.run(deadline_s=10)
    assert ran == []


def test_what_is_due_after_the_deadline_waits(scheduler, process):
    ran = []
    process.call_at(5, ran.append, "x")
    assert not scheduler.run(deadline_s=4)
    assert ran == []
    scheduler.run(deadline_s=5)
    assert ran == ["x"]


def test_it_stops_when_told(scheduler, process):
    ran = []
    process.call_at(1, scheduler.stop)
    process.call_at(2, ran.append, "x")
    assert scheduler.run(deadline_s=10)
    assert ran == []


def test_a_paused_process_runs_nothing_and_then_all_in_order(scheduler, process):
    ran = []
    process.pause()
    process.call_at(1, ran.append, "a")
    process.call_at(2, ran.append, "b")
    scheduler.run(deadline_s=3)
    assert ran == []
    process.resume()
    process.call_soon(ran.append, "c")
    scheduler.run(deadline_s=3)
    assert ran == ["a", "b", "c"]


def test_the_dead_run_nothing_not_even_what_a_pause_put_off(scheduler, process):
    ran = []
    process.pause()
    process.call_at(1, ran.append, "a")
    scheduler.run(deadline_s=2)
    process.kill()
    process.resume()
    process.call_soon(ran.append, "b")
    scheduler.run(deadline_s=3)
    assert ran == []


def test_a_simulation_without_end_is_ended(scheduler, process, monkeypatch):
    monkeypatch.setattr(scheduler_module, "TURNS_MAX", 100)

    def again():
        process.call_soon(again)

    again()
    with pytest.raises(SimulationError, match="no end after 100 callbacks"):
        scheduler.run(deadline_s=1)


def test_whoever_has_no_process_of_its_own_enters_another_at_once_or_when_it_goes_on(
    scheduler, process
):
    ran = []
    process.enter(ran.append, "a")
    process.pause()
    process.enter(ran.append, "b")
    scheduler.run(deadline_s=1)
    assert ran == ["a"]
    process.resume()
    scheduler.run(deadline_s=2)
    assert ran == ["a", "b"]


def test_a_coroutine_that_raises_ends_the_run_and_is_named(scheduler, process):
    async def stumble():
        raise ValueError("over a stone")

    ProcessLoop(process).run(stumble())
    with pytest.raises(SimulationError, match="over a stone") as caught:
        scheduler.run(deadline_s=1)
    assert isinstance(caught.value.__cause__, ValueError)
