"""Fault plans: what fires when, what is journalled, and what a wrong plan is told."""

import json

import pytest

from reference.clock import VirtualClock
from reference.cloud.fault_plan import FaultPlanError, parse_plan
from reference.cloud.sqs.aftermath import Row
from reference.cloud.sqs.faults import (
    Delay,
    Duplicate,
    FaultInjector,
    FaultPlan,
    LoseAnswer,
    Outage,
    Refuse,
)


@pytest.fixture
def clock():
    return VirtualClock(1000.0)


@pytest.fixture
def journal(list_journal):
    return list_journal()


@pytest.fixture
def injector(clock, journal):
    return FaultInjector(clock, journal, seed=1)


def fired_labels(injector, calls, action="SendMessage", queue="q"):
    decided = [injector.decide(action, queue) for _ in range(calls)]
    return [each.fault.label if each else None for each in decided]


def test_the_first_fault_that_fires_wins(injector):
    plan = FaultPlan(faults=(Refuse(label="a", probability=0.5), Outage(label="b")))
    injector.set_plan(plan)
    assert set(fired_labels(injector, 100)) == {"a", "b"}


def test_the_same_seed_fires_the_same_faults_and_another_seed_others(clock, journal):
    def run(seed):
        injector = FaultInjector(clock, journal)
        injector.set_plan(FaultPlan(seed=seed, faults=(Refuse(label="a", probability=0.3),)))
        return fired_labels(injector, 200)

    assert run(7) == run(7)
    assert run(7) != run(8)
    assert 40 <= run(7).count("a") <= 80


def test_faults_draw_independently_of_each_other(injector):
    plain = Refuse(label="b", probability=0.3)
    injector.set_plan(FaultPlan(seed=7, faults=(Outage(label="a", queue="other"), plain)))
    alone = fired_labels(injector, 100)
    injector.set_plan(FaultPlan(seed=7, faults=(Outage(label="a", probability=0.5), plain)))
    mixed = fired_labels(injector, 100)
    assert alone.count("b") > 0
    assert {"a", "b"} <= set(mixed)


def test_a_fault_meets_only_its_actions_and_its_queue(injector):
    injector.set_plan(FaultPlan(faults=(Outage(label="a", actions=("SendMessage",), queue="q"),)))
    assert injector.decide("SendMessage", "q")
    assert not injector.decide("SendMessageBatch", "q")
    assert not injector.decide("SendMessage", "other")
    assert not injector.decide("ListQueues", None)


def test_a_window_opens_and_closes_by_the_clock_and_is_journalled(injector, clock, journal):
    injector.set_plan(FaultPlan(faults=(Outage(label="a", queue="q", start_s=5, end_s=10),)))
    assert injector.next_due_s() == 1005
    clock.advance(4.999)
    assert not injector.decide("SendMessage", "q")
    clock.advance(0.001)
    assert injector.decide("SendMessage", "q")
    assert injector.next_due_s() == 1010
    clock.advance(7)
    assert not injector.decide("SendMessage", "q")
    assert injector.next_due_s() is None
    rows = [(row["at_s"], row["event"], row["fault"], row["queue"]) for row in journal.rows]
    assert rows == [(1005.0, "start", "a", "q"), (1010.0, "end", "a", "q")]


def test_taking_a_plan_back_ends_its_windows(injector, clock, journal):
    injector.set_plan(FaultPlan(faults=(Outage(label="a"), Outage(label="later", start_s=60))))
    clock.advance(3)
    injector.set_plan(FaultPlan())
    rows = [(row["at_s"], row["event"], row["fault"]) for row in journal.rows]
    assert rows == [(1000.0, "start", "a"), (1003.0, "end", "a")]
    assert not injector.decide("SendMessage", "q")


def test_every_row_has_the_columns_of_the_faults_ledger(injector, journal):
    fault = LoseAnswer(label="a")
    injector.set_plan(FaultPlan(faults=(fault,)))
    injector.fired(fault, "SendMessage", "q", [Row(stored=True, absorbed=False, dedup_ids=["1"])])
    columns = {
        "at_s",
        "event",
        "fault",
        "kind",
        "action",
        "queue",
        "stored",
        "absorbed",
        "dedup_ids",
        "message_ids",
    }
    assert [set(row) for row in journal.rows] == [columns, columns]
    assert journal.rows[-1]["dedup_ids"] == ["1"]


def test_a_plan_is_read_from_json():
    text = {
        "seed": 3,
        "faults": [
            {"kind": "refuse", "label": "r", "error": "throttle", "actions": ["SendMessage"]},
            {"kind": "lose-answer", "label": "l", "how": "timeout", "probability": 0.25},
            {"kind": "outage", "label": "o", "start_s": 5, "end_s": 10},
            {"kind": "delay", "label": "d", "delay_s": 0.2},
        ],
    }
    plan = parse_plan(json.dumps(text).encode(), FaultPlan)
    assert plan.seed == 3
    assert [type(fault) for fault in plan.faults] == [Refuse, LoseAnswer, Outage, Delay]


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"kind": "nonsense", "label": "a"}, "nonsense"),
        ({"label": "a"}, "kind"),
        ({"kind": "outage"}, "faults.0.outage.label"),
        ({"kind": "outage", "label": ""}, "faults.0.outage.label"),
        ({"kind": "outage", "label": "a", "probability": 1.5}, "probability.*1.5"),
        ({"kind": "outage", "label": "a", "actions": ["Sned"]}, "actions.0.*Sned"),
        ({"kind": "outage", "label": "a", "start_s": 5, "end_s": 5}, "end_s 5.0 is not after"),
        ({"kind": "delay", "label": "a"}, "delay_s"),
        ({"kind": "refuse", "label": "a", "error": "Boom"}, "error.*Boom"),
        ({"kind": "outage", "label": "a", "surprise": 1}, "surprise"),
        ({"kind": "outage", "label": "a", "nth_call": 0}, "nth_call"),
        ({"kind": "slow-body", "label": "a"}, "body_s"),
        ({"kind": "early-expiry", "label": "a"}, "visibility_s"),
        (
            {"kind": "half-batch", "label": "a", "actions": ["SendMessage"]},
            "only ChangeMessageVisibilityBatch, DeleteMessageBatch, SendMessageBatch can meet",
        ),
    ],
)
def test_a_wrong_plan_is_refused_by_field_and_value(fault, named):
    with pytest.raises(FaultPlanError, match=named):
        parse_plan(json.dumps({"faults": [fault]}).encode(), FaultPlan)


def test_a_plan_that_is_no_json_is_refused():
    with pytest.raises(FaultPlanError, match="plan: Invalid JSON"):
        parse_plan(b"{", FaultPlan)


def test_the_nth_call_alone_can_be_broken(injector):
    injector.set_plan(FaultPlan(faults=(Outage(label="a", actions=("SendMessage",), nth_call=3),)))
    injector.decide("ListQueues", None)
    assert fired_labels(injector, 5) == [None, None, "a", None, None]


def test_what_only_standard_queues_do_leaves_fifo_queues_alone(injector):
    injector.set_plan(FaultPlan(faults=(Duplicate(label="d"),)))
    assert injector.decide("ReceiveMessage", "q")
    assert not injector.decide("ReceiveMessage", "q.fifo")
    assert not injector.decide("SendMessage", "q")
    injector.set_plan(FaultPlan(faults=(Duplicate(label="d", also_fifo=True),)))
    assert injector.decide("ReceiveMessage", "q.fifo")


def test_a_fault_that_is_added_leaves_the_others_where_they_were(injector):
    injector.set_plan(FaultPlan(faults=(Outage(label="third", nth_call=3),)))
    assert fired_labels(injector, 2) == [None, None]
    injector.add([Refuse(label="first", nth_call=1)])
    assert fired_labels(injector, 2) == ["third", "first"]


def test_the_seconds_of_an_added_fault_count_from_then(injector, clock):
    clock.advance(100)
    injector.add([Outage(label="late", start_s=5)])
    clock.advance(4)
    assert fired_labels(injector, 1) == [None]
    clock.advance(1)
    assert fired_labels(injector, 1) == ["late"]


def test_one_fault_is_ended_alone_and_its_count_stays(injector, journal):
    first, second = Outage(label="a"), Refuse(label="b")
    injector.set_plan(FaultPlan(faults=(first, second)))
    injector.fired(first, "SendMessage", "q", [Row()])
    assert injector.end("a")
    assert fired_labels(injector, 1) == ["b"]
    assert injector.fired_counts() == {"a": 1, "b": 0}
    assert [row["fault"] for row in journal.rows if row["event"] == "end"] == ["a"]
    assert not injector.end("nobody")


def test_a_label_can_be_added_once(injector):
    injector.set_plan(FaultPlan(faults=(Outage(label="a"),)))
    with pytest.raises(FaultPlanError, match="'a' is in use"):
        injector.add([Refuse(label="a")])


def test_a_flapping_fault_is_on_in_the_first_half_of_each_period(injector, clock):
    injector.set_plan(FaultPlan(faults=(Outage(label="a", start_s=10, end_s=35, period_s=10),)))
    is_on = []
    for _ in range(16):
        is_on.append(injector.decide("SendMessage", "q") is not None)
        clock.advance(2.5)
    # From 10 s on: 5 s on, 5 s off, until the window ends at 35 s.
    assert is_on == [False] * 4 + [True, True, False, False] * 2 + [True, True] + [False] * 2
