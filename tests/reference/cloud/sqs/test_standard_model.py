"""The standard queue against a plain model: nothing lost, nothing delivered twice unasked.

Order is best effort, so the model only says how many messages a receive must return and which
ones it may. Tenants become noisy and quiet on the way; that must not change either.
"""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from reference.clock import VirtualClock
from reference.cloud.sqs import fair
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import InvalidParameterValue
from reference.cloud.sqs.fair import FairOrdering
from reference.cloud.sqs.message import Outgoing
from reference.cloud.sqs.queue import Queue

RETENTION_S = 600
SEARCH = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
HUNT = settings(SEARCH, max_examples=500, derandomize=True, phases=["generate"])


@dataclass
class PlainMessage:
    sent_s: float
    hidden_until_s: float
    receives: int = 0


class StandardMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.clock = VirtualClock()
        engine = Engine(self.clock)
        self.queue = engine.create_queue("q", {"MessageRetentionPeriod": str(RETENTION_S)})
        self.plain: dict[str, PlainMessage] = {}
        self.handles = []

    def now_s(self):
        return self.clock.now_s()

    def forget_expired(self):
        oldest_s = self.now_s() - RETENTION_S
        self.plain = {key: each for key, each in self.plain.items() if each.sent_s > oldest_s}

    @rule(
        tenants=st.lists(st.sampled_from([None, "a", "a", "b"]), min_size=1, max_size=6),
        delay_s=st.sampled_from([0, 0, 10]),
    )
    def send(self, tenants, delay_s):
        for tenant in tenants:
            sent = self.queue.send(Outgoing("m", 1, tenant, delay_s=delay_s))
            self.plain[sent.message_id] = PlainMessage(self.now_s(), self.now_s() + delay_s)

    @rule(limit=st.sampled_from([1, 5, 10]), timeout_s=st.sampled_from([0, 5, 30]))
    def receive(self, limit, timeout_s):
        self.forget_expired()
        visible = {key for key, each in self.plain.items() if each.hidden_until_s <= self.now_s()}
        received = self.queue.receive(limit, visibility_s=timeout_s)
        ids = [each.message.message_id for each in received]
        assert len(ids) == min(limit, len(visible)), "held back, or lost"
        assert len(set(ids)) == len(ids), "twice in one answer"
        assert set(ids) <= visible, "returned what was not visible"
        for each in received:
            plain = self.plain[each.message.message_id]
            plain.receives += 1
            plain.hidden_until_s = self.now_s() + timeout_s
            self.handles.append((each.receipt_handle, each.message.message_id, plain.receives))

    @rule(choice=st.integers(0, 6))
    def delete(self, choice):
        if not self.handles:
            return
        self.forget_expired()
        handle, message_id, number = self.handles[-1 - choice % len(self.handles)]
        self.queue.delete(handle)
        if message_id in self.plain and self.plain[message_id].receives == number:
            del self.plain[message_id]

    @rule(choice=st.integers(0, 6), timeout_s=st.sampled_from([0, 5, 60]))
    def change_visibility(self, choice, timeout_s):
        if not self.handles:
            return
        self.forget_expired()
        handle, message_id, _ = self.handles[-1 - choice % len(self.handles)]
        plain = self.plain.get(message_id)
        if plain is None:
            with pytest.raises(InvalidParameterValue):
                self.queue.change_visibility(handle, timeout_s)
        else:  # whichever receive the handle is of
            self.queue.change_visibility(handle, timeout_s)
            if plain.hidden_until_s > self.now_s():
                plain.hidden_until_s = self.now_s() + timeout_s

    @rule(seconds=st.sampled_from([1, 5, 10, 30, 299, 300]))
    def advance(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def counts_agree(self):
        self.forget_expired()
        hidden = [each for each in self.plain.values() if each.hidden_until_s > self.now_s()]
        depth = self.queue.depth()
        assert depth.in_flight == sum(1 for each in hidden if each.receives)
        assert depth.delayed == sum(1 for each in hidden if not each.receives)
        assert depth.visible == len(self.plain) - len(hidden)


@pytest.fixture(autouse=True)
def easily_noisy(monkeypatch):
    """Tenants become noisy within the few messages of a test."""
    monkeypatch.setattr(fair, "NOISY_IN_FLIGHT_MIN", 2)


def test_standard_queue_agrees_with_the_plain_model():
    run_state_machine_as_test(StandardMachine, settings=SEARCH)


def _old_handle_deletes(patch):
    delete = Queue.delete

    def careless(queue, handle):
        message = queue.message_of(handle)
        if message is None:
            delete(queue, handle)
        else:
            queue._leave(message, "deleted")

    patch.setattr(Queue, "delete", careless)


def _expired_timeout_goes_unnoticed(patch):
    patch.setattr(FairOrdering, "_add", lambda ordering, message: None)


def _noisy_backlog_is_forgotten(patch):
    forgive = FairOrdering._forgive

    def forgetful(ordering):
        was_noisy = ordering._noisy
        forgive(ordering)
        for tenant in was_noisy:
            if not tenant.is_noisy:
                ordering._quiet.clear()

    patch.setattr(FairOrdering, "_forgive", forgetful)


def _shown_twice(patch):
    add = FairOrdering._add

    def adding_twice(ordering, message):
        add(ordering, message)
        add(ordering, message)

    patch.setattr(FairOrdering, "_add", adding_twice)


PLANTED = [
    _old_handle_deletes,
    _expired_timeout_goes_unnoticed,
    _noisy_backlog_is_forgotten,
    _shown_twice,
]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__.strip("_"))
def test_planted_bug_is_found(plant, monkeypatch):
    plant(monkeypatch)
    with pytest.raises((AssertionError, ExceptionGroup, pytest.fail.Exception)):
        run_state_machine_as_test(StandardMachine, settings=HUNT)
