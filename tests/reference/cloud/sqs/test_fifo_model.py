"""The FIFO queue against a plain model, on a virtual clock; and twelve bugs planted in it.

The model is a list that is searched from the start every time. It does not predict which group
is served next (AWS promises nothing); it judges whether what was returned was allowed, and
whether something was held back that had to be returned.
"""

from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from reference.clock import VirtualClock
from reference.cloud.sqs.dedup import DedupWindow, FirstSend
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import InvalidParameterValue
from reference.cloud.sqs.groups import Group, GroupOrdering
from reference.cloud.sqs.ledger import QueueLedger
from reference.cloud.sqs.limits import DEDUP_INTERVAL_S, STRICT
from reference.cloud.sqs.message import Outgoing
from reference.cloud.sqs.queue import Queue

MAX_RECEIVES = 2
SEARCH = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# Planted bugs: a fixed walk, so that the suite does not fail by chance; no shrinking, we only ask
# whether the bug is met.
HUNT = settings(SEARCH, max_examples=2000, derandomize=True, phases=["generate"])


@dataclass
class PlainMessage:
    message_id: str
    group: str
    visible_at_s: float = 0.0
    receives: int = 0


class PlainFifo:
    """A FIFO queue without any cleverness."""

    def __init__(self):
        self.messages: list[PlainMessage] = []
        self.first_sends: list[tuple[str, float, str]] = []
        self.last_set: dict[str, PlainMessage] = {}

    def send(self, now_s, group, dedup_id, message_id):
        """The id that the sender must be told."""
        for known_id, sent_s, first_message_id in self.first_sends:
            if known_id == dedup_id and now_s - sent_s < DEDUP_INTERVAL_S:
                return first_message_id
        self.first_sends.append((dedup_id, now_s, message_id))
        self.messages.append(PlainMessage(message_id, group))
        return message_id

    def find(self, message_id):
        return next((m for m in self.messages if m.message_id == message_id), None)

    def available(self, group, now_s):
        """The messages at the head of a group that may be returned now."""
        members = [m for m in self.messages if m.group == group]
        last_set = self.last_set.get(group)
        if last_set in members and last_set.visible_at_s > now_s:
            return []
        hidden = [n for n, m in enumerate(members) if m.visible_at_s > now_s]
        return members[: hidden[0]] if hidden else members

    def judge_receive(self, now_s, limit, timeout_s, returned_ids, parked_ids):
        for message_id in parked_ids:
            message = self.find(message_id)
            assert message in self.available(message.group, now_s), "parked, not available"
            assert message.receives >= MAX_RECEIVES, "parked too early"
            self.messages.remove(message)
        returned = [self.find(message_id) for message_id in returned_ids]
        assert None not in returned, "returned a message that the queue does not have"
        assert len(returned) <= limit
        order_of_groups = list(dict.fromkeys(m.group for m in returned))
        assert returned == sorted(returned, key=lambda m: order_of_groups.index(m.group)), (
            "the messages of a group are not together"
        )
        for group in order_of_groups:
            mine = [m for m in returned if m.group == group]
            allowed = self.available(group, now_s)
            assert mine == allowed[: len(mine)], "out of order, or from a locked group"
            is_cut_short = group == order_of_groups[-1] and len(returned) == limit
            assert is_cut_short or len(mine) == len(allowed), "a group was left half taken"
            assert all(m.receives < MAX_RECEIVES for m in mine), "received too often"
        if len(returned) < limit:
            for group in {m.group for m in self.messages} - set(order_of_groups):
                assert not self.available(group, now_s), "held back an available message"
        for message in returned:
            message.receives += 1
            message.visible_at_s = now_s + timeout_s
            self.last_set[message.group] = message


class Rows:
    def __init__(self):
        self.parked = []

    def write(self, **row):
        if row["event"] == "parked":
            self.parked.append(row["message_id"])


class FifoMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.clock = VirtualClock()
        self.rows = Rows()
        self.sends = 0
        self.engine = Engine(
            self.clock,
            limits=replace(STRICT, purge_interval_s=0),
            witness=QueueLedger(self.clock, self.rows),
            new_message_id=lambda: f"m{self.sends}",
        )
        dead = self.engine.create_queue("dead.fifo", {"FifoQueue": "true"})
        policy = f'{{"deadLetterTargetArn": "{dead.arn}", "maxReceiveCount": {MAX_RECEIVES}}}'
        self.queue = self.engine.create_queue(
            "mail.fifo", {"FifoQueue": "true", "RedrivePolicy": policy}
        )
        self.model = PlainFifo()
        self.handles = []  # (handle, message id, number of the receive)

    @rule(
        group=st.sampled_from("ab"),
        ids=st.lists(st.sampled_from("12....."), min_size=1, max_size=3),
    )
    def send(self, group, ids):
        for chosen in ids:
            self.sends += 1
            dedup_id = f"unique-{self.sends}" if chosen == "." else chosen
            sent = self.queue.send(Outgoing("text", 4, group, dedup_id))
            wanted = self.model.send(self.clock.now_s(), group, dedup_id, f"m{self.sends}")
            assert sent.message_id == wanted

    @rule(limit=st.sampled_from([1, 2, 10]), timeout_s=st.sampled_from([0, 5, 30]))
    def receive(self, limit, timeout_s):
        parked_before = len(self.rows.parked)
        received = self.queue.receive(limit, visibility_s=timeout_s)
        self.model.judge_receive(
            self.clock.now_s(),
            limit,
            timeout_s,
            [each.message.message_id for each in received],
            self.rows.parked[parked_before:],
        )
        self.handles += [
            (each.receipt_handle, each.message.message_id, each.message.receive_count)
            for each in received
        ]

    @rule(choice=st.integers(0, 5))
    def delete(self, choice):
        if not self.handles:
            return
        handle, message_id, number = self.handles[-1 - choice % len(self.handles)]
        message = self.model.find(message_id)
        if message is None or self._holds(message, number):
            self.queue.delete(handle)
            if message is not None:
                self.model.messages.remove(message)
        else:
            with pytest.raises(InvalidParameterValue, match="has expired"):
                self.queue.delete(handle)

    @rule(choice=st.integers(0, 5), timeout_s=st.sampled_from([0, 5, 60]))
    def change_visibility(self, choice, timeout_s):
        if not self.handles:
            return
        handle, message_id, number = self.handles[-1 - choice % len(self.handles)]
        message = self.model.find(message_id)
        if message is None or not self._holds(message, number):
            with pytest.raises(InvalidParameterValue):
                self.queue.change_visibility(handle, timeout_s)
            return
        self.queue.change_visibility(handle, timeout_s)
        message.visible_at_s = self.clock.now_s() + timeout_s
        self.model.last_set[message.group] = message

    def _holds(self, message, number):
        return message.receives == number and message.visible_at_s > self.clock.now_s()

    @rule(seconds=st.sampled_from([1, 1, 5, 5, 26, 30, 150, 299]))
    def advance(self, seconds):
        self.clock.advance(seconds)

    @rule(really=st.sampled_from([False, False, False, False, True]))
    def purge(self, really):
        if not really:
            return
        self.queue.purge()
        self.model.messages.clear()
        self.model.first_sends.clear()

    @invariant()
    def counts_agree(self):
        now_s = self.clock.now_s()
        hidden = [m for m in self.model.messages if m.visible_at_s > now_s]
        depth = self.queue.depth()
        assert depth.in_flight == len(hidden)
        assert depth.visible == len(self.model.messages) - len(hidden)
        assert depth.groups_in_flight == len({m.group for m in hidden})


def test_fifo_queue_agrees_with_the_plain_model():
    run_state_machine_as_test(FifoMachine, settings=SEARCH)


def _dedup_forgets_on_delete(patch):
    delete = Queue.delete

    def forgetful(queue, handle):
        message = queue.message_of(handle)
        delete(queue, handle)
        if message is not None:
            queue.dedup._first_sends.pop(message.dedup_id, None)

    patch.setattr(Queue, "delete", forgetful)


def _repeat_prolongs_the_interval(patch):
    find = DedupWindow.find

    def prolonging(window, dedup_id, group):
        first = find(window, dedup_id, group)
        if first is not None:
            del window._first_sends[dedup_id]
            window.record(dedup_id, first._replace(sent_s=window._clock.now_s()))
        return first

    patch.setattr(DedupWindow, "find", prolonging)


def _repeat_gets_an_id_of_its_own(patch):
    find = DedupWindow.find

    def renaming(window, dedup_id, group):
        first = find(window, dedup_id, group)
        return first and first._replace(message_id="another")

    patch.setattr(DedupWindow, "find", renaming)


def _dedup_per_group_under_queue_scope(patch):
    record = DedupWindow.record

    def find_in_group(window, dedup_id, group):
        window.group = group
        first = window._first_sends.get((group, dedup_id))
        return first and FirstSend(*first)

    def record_in_group(window, dedup_id, first):
        record(window, (window.group, dedup_id), first)

    patch.setattr(DedupWindow, "find", find_in_group)
    patch.setattr(DedupWindow, "record", record_in_group)


def _purge_keeps_dedup_ids(patch):
    patch.setattr(DedupWindow, "clear", lambda window: None)


def _group_unlocks_on_partial_delete(patch):
    remove = GroupOrdering.remove

    def unlocking(ordering, message, *, was_in_flight):
        group = ordering._groups[message.group]
        group.front.clear()
        remove(ordering, message, was_in_flight=was_in_flight)

    patch.setattr(GroupOrdering, "remove", unlocking)


def _order_lost_on_expiry(patch):
    show = GroupOrdering.show

    def to_the_back(ordering, message):
        group = ordering._groups[message.group]
        group.front.remove(message)
        group.fresh.append(message)
        show(ordering, message)

    patch.setattr(GroupOrdering, "show", to_the_back)


def _extension_does_not_keep_the_group_back(patch):
    patch.setattr(GroupOrdering, "adjust", lambda ordering, message: None)


def _group_never_locks(patch):
    take = Group.take

    def hiding_nothing(group, limit, receive_count_max, taken):
        take(group, limit, receive_count_max, taken)
        group.front.clear()

    patch.setattr(Group, "take", hiding_nothing)


def _handle_outlives_its_timeout(patch):
    delete = Queue.delete

    def lenient(queue, handle):
        try:
            delete(queue, handle)
        except InvalidParameterValue:
            message = queue.message_of(handle)
            queue._leave(message, "deleted")

    patch.setattr(Queue, "delete", lenient)


def _parked_one_receive_late(patch):
    take = Group.take
    patch.setattr(
        Group,
        "take",
        lambda group, limit, most, taken: take(group, limit, most + 1, taken),
    )


def _expired_timeout_goes_unnoticed(patch):
    patch.setattr(GroupOrdering, "show", lambda ordering, message: None)


# A bug shows as a broken claim of the model or of the engine's own assertions, as a broken
# structure, or as several of these in a group.
FOUND = (AssertionError, KeyError, ValueError, ExceptionGroup, pytest.fail.Exception)

PLANTED = [
    _dedup_forgets_on_delete,
    _repeat_prolongs_the_interval,
    _repeat_gets_an_id_of_its_own,
    _dedup_per_group_under_queue_scope,
    _purge_keeps_dedup_ids,
    _group_unlocks_on_partial_delete,
    _order_lost_on_expiry,
    _extension_does_not_keep_the_group_back,
    _group_never_locks,
    _handle_outlives_its_timeout,
    _parked_one_receive_late,
    _expired_timeout_goes_unnoticed,
]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__.strip("_"))
def test_planted_bug_is_found(plant, monkeypatch):
    plant(monkeypatch)
    with pytest.raises(FOUND):
        run_state_machine_as_test(FifoMachine, settings=HUNT)
