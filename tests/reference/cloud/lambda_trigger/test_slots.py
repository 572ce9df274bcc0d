"""Slots: what the scaler is told of them, and who may poll."""

import threading

from reference.clock import VirtualClock
from reference.cloud.lambda_trigger.mapping import Mapping, Pollers
from reference.cloud.lambda_trigger.records import Record
from reference.cloud.lambda_trigger.scaling import Scaler
from reference.cloud.lambda_trigger.slots import Slots

MESSAGE = Record(message_id="m", receipt_handle="h", group="", visible_at_s=9.0, json=b"{}")


def slots_of(**settings):
    clock = VirtualClock()
    mapping = Mapping(is_fifo=False, **settings)
    return clock, Slots(Scaler(clock, mapping), mapping, clock)


def observed(clock, slots, seconds=1.0):
    """The busy slots and the limit, after some time."""
    clock.advance(seconds)
    return slots.observe()[1], slots.limit


def test_it_grows_only_while_every_slot_has_messages():
    clock, slots = slots_of()
    assert slots.observe() == ([0, 1, 2, 3, 4], 0)
    for number in range(5):
        assert slots.begin_poll(number, has_batch=False)
        slots.end_poll(number, [MESSAGE])
    assert observed(clock, slots) == (5, 10)
    slots.begin_poll(0, has_batch=False)  # which finds nothing
    assert observed(clock, slots)[0] == 4
    assert observed(clock, slots)[1] < 10


def test_a_slot_that_gathers_a_batch_is_busy_while_it_polls():
    clock, slots = slots_of(batch_size=100, batch_window_s=5)
    slots.observe()
    slots.begin_poll(0, has_batch=False)
    slots.end_poll(0, [MESSAGE])
    slots.begin_poll(0, has_batch=True)
    assert observed(clock, slots)[0] == 1


def test_a_poll_that_failed_leaves_its_slot_waiting():
    clock, slots = slots_of()
    slots.observe()
    slots.begin_poll(0, has_batch=False)
    slots.end_poll(0, [])
    assert observed(clock, slots)[0] == 0


def test_provisioned_pollers_are_shared_and_the_next_slot_polls_when_one_is_free():
    _, slots = slots_of(pollers=Pollers(2, 2))
    assert len(slots.observe()[0]) == 20
    for number in (0, 1):
        slots.begin_poll(number, has_batch=False)
    third = threading.Thread(target=slots.begin_poll, args=(2,), kwargs={"has_batch": False})
    third.start()
    third.join(0.1)
    assert third.is_alive()
    slots.end_poll(0, [])
    third.join(30)
    assert not third.is_alive()


def test_after_the_stop_nobody_polls_and_busy_slots_are_waited_for():
    _, slots = slots_of()
    slots.observe()
    slots.begin_poll(0, has_batch=False)
    slots.end_poll(0, [MESSAGE])
    assert not slots.stop(0, 0)
    assert not slots.begin_poll(1, has_batch=False)
    slots.leave(0)
    assert slots.stop(0, 0)
