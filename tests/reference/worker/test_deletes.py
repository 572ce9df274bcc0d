"""Batches form by themselves; only confirmed deletes count."""

import pytest

from reference.errors import QueueError
from reference.worker.deletes import Deleter
from reference.worker.record import WorkerJournal


@pytest.fixture
def deleter(world):
    journal = WorkerJournal(world.journal, world.clock)
    return Deleter(world.queue, world.custody, journal, world.clock)


@pytest.fixture
def submitted(world, deleter):
    for number in range(12):
        world.queue.put(f"{number:02}")
        world.queue.put(f"x{number}", group="h")
    runs = world.receive() + world.receive()
    return [deleter.submit(run, held, "") for run in runs for held in list(run.messages)]


def test_what_has_gathered_is_deleted_ten_at_a_time(world, deleter, submitted):
    assert len(submitted) == 10
    delete, sizes = world.queue.delete, []
    world.queue.delete = lambda handles: sizes.append(len(handles)) or delete(handles)
    assert deleter.delete_waiting(timeout_s=0) == 0
    assert deleter.delete_waiting(timeout_s=0) == 0
    assert sizes == [10]
    assert all(each.done.is_set() and each.is_deleted for each in submitted)


def test_one_failed_entry_is_tried_again_alone(world, deleter, submitted):
    delete = world.queue.delete
    throttled = QueueError("RequestThrottled", is_definite=True, is_transient=True)

    def fail_first(handles):
        world.queue.delete = delete
        return {**delete(handles[1:]), 0: throttled}

    world.queue.delete = fail_first
    deleter.delete_waiting(timeout_s=0)
    assert [each.done.is_set() for each in submitted] == [False] + [True] * 9
    deleter.delete_waiting(timeout_s=0)
    assert submitted[0].is_deleted
    assert len(world.journal.events("deleted")) == 10


def test_once_visibility_is_lost_it_gives_up(world, deleter, submitted):
    world.queue.deletes_to_fail = 1
    world.clock.advance(31)
    deleter.delete_waiting(timeout_s=0)
    assert all(each.done.is_set() and not each.is_deleted for each in submitted)
    assert world.journal.events("deleted") == []
    assert world.custody.runs() == []


def test_a_hopeless_handle_is_not_tried_again(world, deleter, submitted):
    world.queue.messages[0].handle = "somebody else's"
    deleter.delete_waiting(timeout_s=0)
    assert [each.is_deleted for each in submitted] == [False] + [True] * 9
    assert all(each.done.is_set() for each in submitted)
    assert world.journal.events("failed")[0]["reason"] == "delete:InvalidParameterValue"
