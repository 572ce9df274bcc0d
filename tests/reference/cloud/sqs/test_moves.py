"""StartMessageMoveTask on a virtual clock."""

import json

import pytest

from reference.clock import VirtualClock
from reference.cloud.sqs.contents import Recovered
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import (
    InvalidParameterValue,
    ResourceNotFound,
    UnsupportedOperation,
)
from reference.cloud.sqs.ledger import QueueLedger
from reference.cloud.sqs.message import Outgoing
from reference.cloud.sqs.moves import MoveTasks

FIFO = {"FifoQueue": "true"}


class Bench:
    """A source with its dead-letter queue, into which messages were parked."""

    def __init__(self, journal, parked):
        self.clock = VirtualClock()
        self.journal = journal
        self.engine = Engine(self.clock, witness=QueueLedger(self.clock, journal))
        self.dead = self.engine.create_queue("dead.fifo", FIFO)
        policy = {"deadLetterTargetArn": self.dead.arn, "maxReceiveCount": 1}
        self.source = self.engine.create_queue(
            "source.fifo", {**FIFO, "RedrivePolicy": json.dumps(policy)}
        )
        self.moves = MoveTasks(self.clock, self.engine)
        for n in range(parked):
            self.source.send(Outgoing("m", 1, f"g{n % 3}", str(n)))
        while self.source.depth().visible:
            self.source.receive(10, visibility_s=0)

    def latest(self):
        return self.moves.list(self.dead.arn, 1)[0]


@pytest.fixture
def bench(list_journal):
    return Bench(list_journal(), parked=30)


def test_messages_go_back_to_the_queue_that_parked_them_in_order(bench):
    bench.moves.start(bench.dead.arn, None, None)
    assert bench.latest().status == "COMPLETED"
    assert bench.latest().moved == 30
    assert bench.dead.depth().visible == 0
    received = bench.source.receive(10)
    assert [each.message.dedup_id for each in received] == [str(n) for n in range(0, 30, 3)]
    assert {each.message.total_receive_count for each in received} == {1}


def test_a_rate_is_kept(bench):
    bench.moves.start(bench.dead.arn, None, 5)
    assert bench.latest().moved == 5
    bench.clock.advance(2)
    bench.moves.settle()
    assert (bench.latest().moved, bench.latest().status) == (15, "RUNNING")
    bench.clock.advance(10)
    bench.moves.settle()
    assert (bench.latest().moved, bench.latest().status) == (30, "COMPLETED")


def test_a_running_task_is_cancelled_by_its_handle_and_another_may_start(bench):
    handle = bench.moves.start(bench.dead.arn, None, 1)
    with pytest.raises(UnsupportedOperation, match="already a task running"):
        bench.moves.start(bench.dead.arn, None, 1)
    assert bench.moves.cancel(handle) == 1
    with pytest.raises(ResourceNotFound):
        bench.moves.cancel(handle)
    other = bench.engine.create_queue("other.fifo", FIFO)
    bench.moves.start(bench.dead.arn, other.arn, 500)
    assert other.depth().visible == 29
    assert [task.status for task in bench.moves.list(bench.dead.arn, 10)] == [
        "COMPLETED",
        "CANCELLED",
    ]


def test_a_task_whose_destination_is_gone_fails_and_loses_nothing(bench):
    other = bench.engine.create_queue("other.fifo", FIFO)
    policy = {"deadLetterTargetArn": bench.dead.arn, "maxReceiveCount": 1}
    bench.engine.set_attributes("other.fifo", {"RedrivePolicy": json.dumps(policy)})
    bench.engine.delete_queue("source.fifo")
    bench.moves.start(bench.dead.arn, None, None)
    assert bench.latest().status == "FAILED"
    assert bench.latest().shown()["FailureReason"] == (
        "The message's original source queue does not exist."
    )
    assert bench.dead.depth().visible == 30
    assert other.depth().visible == 0


@pytest.mark.parametrize("gone", ["other.fifo", "dead.fifo"])
def test_a_queue_that_is_deleted_while_a_task_runs_fails_it_and_no_message_is_lost(bench, gone):
    other = bench.engine.create_queue("other.fifo", FIFO)
    bench.moves.start(bench.dead.arn, other.arn, 10)
    task = bench.latest()
    bench.engine.delete_queue(gone)
    bench.clock.advance(1)
    bench.moves.settle()
    assert (task.status, task.moved) == ("FAILED", 10)
    assert "queue does not exist" in task.shown()["FailureReason"]
    assert task.shown()["DestinationArn"] == other.arn
    kept = other if gone == "dead.fifo" else bench.dead
    assert kept.depth().visible == {"dead.fifo": 10, "other.fifo": 20}[gone]


def test_messages_that_could_not_be_moved_stay_in_their_order(bench):
    bench.engine.delete_queue("source.fifo")
    other = bench.engine.create_queue("other.fifo", FIFO)
    policy = {"deadLetterTargetArn": bench.dead.arn, "maxReceiveCount": 1}
    bench.engine.set_attributes("other.fifo", {"RedrivePolicy": json.dumps(policy)})
    bench.moves.start(bench.dead.arn, None, None)
    assert bench.latest().status == "FAILED"
    assert bench.journal.events("moved") == [], "a message that stays leaves no trace"
    bench.moves.start(bench.dead.arn, other.arn, None)
    assert bench.latest().status == "COMPLETED"
    moved = [each.message.dedup_id for _ in range(3) for each in other.receive(10)]
    groups = [[each for each in moved if int(each) % 3 == n] for n in range(3)]
    assert groups == [[str(m) for m in range(n, 30, 3)] for n in range(3)]


def test_a_standard_queues_message_that_could_not_be_moved_stays():
    clock = VirtualClock()
    engine = Engine(clock)
    dead = engine.create_queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    source = engine.create_queue("source", {"RedrivePolicy": policy})
    engine.create_queue("keeps-it-a-dead-letter-queue", {"RedrivePolicy": policy})
    source.send(Outgoing("m", 1))
    for _ in range(2):
        source.receive(1, visibility_s=0)
    engine.delete_queue("source")
    moves = MoveTasks(clock, engine)
    moves.start(dead.arn, None, None)
    assert moves.list(dead.arn, 1)[0].status == "FAILED"
    assert len(dead.receive(1)) == 1


def test_a_log_survives_the_deletion_of_a_destination(machine):
    dead = machine.engine.create_queue("dead")
    other = machine.engine.create_queue("other")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    machine.engine.create_queue("source", {"RedrivePolicy": policy})
    for _ in range(3):
        dead.send(Outgoing("m", 1))
    moves = MoveTasks(machine.clock, machine.engine)
    moves.start(dead.arn, other.arn, 1)
    machine.engine.delete_queue("other")
    machine.clock.advance(5)
    moves.settle()
    machine.restart()
    assert machine.found == Recovered(2, 2)


@pytest.mark.parametrize(
    ("source", "destination", "rate", "error"),
    [
        ("missing", None, None, ResourceNotFound),
        ("dead.fifo", "missing", None, ResourceNotFound),
        ("source.fifo", None, None, InvalidParameterValue),
        ("dead.fifo", "dead.fifo", None, InvalidParameterValue),
        ("dead.fifo", "standard", None, InvalidParameterValue),
        ("dead.fifo", None, 501, InvalidParameterValue),
        ("dead.fifo", None, 0, InvalidParameterValue),
    ],
)
def test_tasks_that_cannot_work_are_refused(bench, source, destination, rate, error):
    bench.engine.create_queue("standard")
    prefix = bench.dead.arn.removesuffix("dead.fifo")
    with pytest.raises(error):
        bench.moves.start(prefix + source, destination and prefix + destination, rate)


def test_the_journal_tells_which_messages_were_moved(list_journal):
    journal = list_journal()
    bench = Bench(journal, parked=1)
    bench.moves.start(bench.dead.arn, None, None)
    rows = [(row["event"], row["queue"], row["dedup_id"]) for row in journal.rows]
    assert rows[-2:] == [("moved", "dead.fifo", "0"), ("stored", "source.fifo", "0")]
