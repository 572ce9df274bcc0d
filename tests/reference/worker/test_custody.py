"""Memory is bounded, and a refusal is forgotten once the message has been parked for a while."""

from reference.clock import VirtualClock
from reference.worker.custody import REFUSED_REMEMBERED_S, Memory
from reference.worker.decide import Known


def test_the_oldest_is_forgotten_first():
    memory = Memory(VirtualClock(), remembered_max=2)
    for email_id in ("a", "b", "a", "c"):
        memory.remember(email_id, Known.SENT)
    assert [memory.recall(email_id) for email_id in "abc"] == [Known.SENT, Known.NEW, Known.SENT]


def test_a_refusal_lasts_as_long_as_it_is_recalled():
    clock = VirtualClock()
    memory = Memory(clock)
    memory.remember("a", Known.REFUSED)
    for _ in range(5):
        clock.advance(REFUSED_REMEMBERED_S - 1)
        assert memory.recall("a") is Known.REFUSED
    clock.advance(REFUSED_REMEMBERED_S)
    assert memory.recall("a") is Known.NEW


def test_what_was_sent_is_not_forgotten_with_time():
    clock = VirtualClock()
    memory = Memory(clock)
    memory.remember("a", Known.SENT)
    clock.advance(86_400)
    assert memory.recall("a") is Known.SENT
