"""The Lambda handler's batches, with the worker's own parts and a model of the queue.

Lambda is played by `run`: it receives, calls the handler and deletes what was not listed.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.errors import outcome_unknown, permanent_refusal, transient_refusal
from reference.providers.failover import Failover
from reference.worker.batch import BatchHandler
from reference.worker.outbox import Outbox
from reference.worker.record import WorkerJournal

TIMEOUT_S = 6
VISIBILITY_S = 36


class Context:
    def __init__(self, clock, timeout_s):
        self.clock = clock
        self.ends_at_s = clock.now_s() + timeout_s

    def get_remaining_time_in_millis(self):
        return int(1000 * (self.ends_at_s - self.clock.now_s()))


class Lambda:
    """One function with a trigger of the world's queue."""

    def __init__(self, world, *, is_fifo=True):
        self.world = world
        self.arn = f"arn:aws:sqs:us-east-1:000000000000:q{'.fifo' if is_fifo else ''}"
        journal = WorkerJournal(world.journal, world.clock)
        self.handler = BatchHandler(
            calls=world.queue,
            outbox=Outbox(
                failover=Failover(world.providers, world.clock),
                ledger=world.ledger,
                journal=journal,
                clock=world.clock,
            ),
            journal=journal,
            clock=world.clock,
        )

    def run(self):
        """One batch; the keys that were listed as failed."""
        messages = self.world.queue.receive(wait_s=0, visibility_s=VISIBILITY_S)
        if not messages:
            return None
        records = [
            {
                "messageId": message.message_id,
                "receiptHandle": message.receipt_handle,
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": str(message.receive_count),
                    "MessageGroupId": message.group,
                    "MessageDeduplicationId": message.dedup_id,
                },
                "eventSource": "aws:sqs",
                "eventSourceARN": self.arn,
            }
            for message in messages
        ]
        answer = self.handler({"Records": records}, Context(self.world.clock, TIMEOUT_S))
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        done = [m.receipt_handle for m in messages if m.message_id not in failed]
        assert not self.world.queue.delete(done)
        return sorted(message_id.removeprefix("id-") for message_id in failed)

    def work(self, batches, pause_s=40):
        for _ in range(batches):
            self.run()
            self.world.clock.advance(pause_s)


@pytest.fixture
def function(world):
    return Lambda(world)


def fill(world, *keys, group="g"):
    for key in keys:
        world.queue.put(key, group)


def endings(world, key):
    return [
        (row["event"], row["reason"])
        for row in world.journal.rows
        if row["message_id"] == f"id-{key}" and row["event"] in {"released", "postponed"}
    ]


def test_what_was_sent_is_not_listed_and_the_journal_tells_how_it_went(world, function):
    fill(world, "a", "b")
    assert function.run() == []
    assert (world.provider.sent, world.queue.keys()) == (["a", "b"], [])
    events = [(row["event"], row["message_id"][-1]) for row in world.journal.rows]
    assert events == [
        ("received", "a"),
        ("received", "b"),
        ("attempted", "a"),
        ("sent", "a"),
        ("attempted", "b"),
        ("sent", "b"),
        ("released", "a"),
        ("released", "b"),
    ]
    assert endings(world, "a") == [("released", "to-be-deleted")]


def test_after_a_failure_its_group_is_listed_and_comes_back_together_and_others_go_on(
    world, function
):
    fill(world, "a", "b", "c")
    fill(world, "x", group="h")
    world.provider.scripts["b"] = [transient_refusal("451")]
    assert function.run() == ["b", "c"]
    assert world.provider.sent == ["a", "x"]
    # Both at the same moment, given back in one call, the last first, as the worker does.
    assert world.queue.extensions == [(("c/1", "b/1"), 1)]
    assert endings(world, "b") == [("released", "transient:451")]
    assert endings(world, "c") == [("released", "out-of-turn")]
    function.work(2)
    assert world.provider.sent == ["a", "x", "b", "c"]


def test_on_a_standard_queue_a_failure_holds_nobody_up(make_world):
    world = make_world()
    function = Lambda(world, is_fifo=False)
    for key in "abc":
        fill(world, key, group="")
    world.provider.scripts["b"] = [transient_refusal("451")]
    assert function.run() == ["b"]
    assert world.provider.sent == ["a", "c"]


def test_a_refused_email_is_parked_and_takes_nobody_with_it(world, function):
    fill(world, *"abcdefghi")
    world.provider.scripts["b"] = [permanent_refusal("550")]
    function.work(4)
    assert world.provider.sent == list("acdefghi")
    assert world.queue.parked == ["b"]
    assert world.queue.keys() == []


def test_an_unreadable_message_is_listed_until_it_is_parked(world, function):
    world.queue.put("a", body="no json")
    fill(world, "b")
    assert function.run() == ["a"]
    function.work(3)
    assert (world.provider.sent, world.queue.parked) == (["b"], ["a"])


def test_an_email_that_is_not_due_is_postponed_and_not_failed(world, function):
    due_at_s = world.clock.wall_s() + 100
    world.queue.put("a", send_after=due_at_s)
    assert function.run() == ["a"]
    assert endings(world, "a") == [("postponed", "not-due")]
    assert world.queue.extensions == [(("a/1",), 101)]


def test_nothing_is_begun_when_the_functions_time_is_nearly_over(world, function):
    fill(world, "a", "b", "c")
    world.provider.while_sending = lambda: world.clock.advance(2.6)
    assert function.run() == ["c"]
    assert world.provider.sent == ["a", "b"]
    assert endings(world, "c") == [("released", "stopping")]
    assert world.queue.extensions == [(("c/1",), 0)]


def test_a_release_that_fails_leaves_the_message_to_its_time_out(world, function):
    fill(world, "a")
    world.provider.scripts["a"] = [transient_refusal("451")]
    world.queue.changes_to_fail = 1
    assert function.run() == ["a"]
    assert function.run() is None
    function.work(2)
    assert world.provider.sent == ["a"]


def test_a_message_that_comes_twice_is_sent_once(world, function):
    fill(world, "a")
    delete, world.queue.delete = world.queue.delete, lambda handles: {}
    function.run()
    world.queue.delete = delete
    world.clock.advance(VISIBILITY_S)
    assert function.run() == []
    assert (world.provider.sent, world.queue.keys()) == (["a"], [])


def test_a_fault_of_ours_fails_one_message_and_shows_nothing_of_it(world, function, capsys):
    fill(world, "a")
    fill(world, "b", group="h")

    def stumble():
        if world.queue.keys()[0] == "a" and "a" not in world.provider.scripts:
            world.provider.scripts["a"] = []
            raise RuntimeError("bob@example.com")

    world.provider.while_sending = stumble
    assert function.run() == ["a"]
    assert world.provider.sent == ["b"]
    assert endings(world, "a") == [("released", "fault")]
    assert "bob@" not in "".join(capsys.readouterr())


def test_an_event_that_is_none_of_sqs_fails_the_invocation(world, function):
    with pytest.raises(KeyError):
        function.handler({"detail": "of another service"}, Context(world.clock, 1))


FAILURES = st.dictionaries(
    st.integers(min_value=0, max_value=7),
    st.sampled_from(["451", "550", "unknown"]),
    max_size=4,
)


def script(kind):
    return {
        "451": [transient_refusal("451")],
        "550": [permanent_refusal("550")] * 9,
        "unknown": [outcome_unknown("timeout")],
    }[kind]


@settings(max_examples=40)
@given(st.lists(st.sampled_from("gh"), min_size=1, max_size=8), FAILURES)
def test_every_email_is_sent_once_or_parked_and_each_group_in_order(make_world, groups, failures):
    world = make_world(receives_max=5)
    function = Lambda(world)
    for n, group in enumerate(groups):
        fill(world, f"{n}", group=group)
        if n in failures:
            world.provider.scripts[f"{n}"] = script(failures[n])
    function.work(12)
    refused = {f"{n}" for n, kind in failures.items() if kind == "550" and n < len(groups)}
    assert sorted(world.provider.sent) == sorted({f"{n}" for n in range(len(groups))} - refused)
    assert set(world.queue.parked) == refused
    for name in "gh":
        ours = [key for key in world.provider.sent if groups[int(key)] == name]
        assert ours == sorted(ours, key=int)
