"""The deduplication window against a model too plain to be wrong.

Random sends are replayed on a virtual clock; the planted bug shows the comparison can fail.
"""

from hypothesis import find, given
from hypothesis import strategies as st

from reference.clock import VirtualClock
from reference.cloud.sqs.dedup import DedupWindow, FirstSend
from reference.cloud.sqs.limits import DEDUP_INTERVAL_S

GAPS_S = st.sampled_from([0, 1, DEDUP_INTERVAL_S - 1, DEDUP_INTERVAL_S, DEDUP_INTERVAL_S + 1])
SENDS = st.lists(st.tuples(GAPS_S, st.sampled_from("ab")), max_size=12)


def test_repeat_just_inside_the_interval_finds_the_first_send():
    clock = VirtualClock()
    window = DedupWindow(clock)
    window.record("order-17", FirstSend("m1", 1, clock.now_s()))
    clock.advance(DEDUP_INTERVAL_S - 0.001)
    first = window.find("order-17", "g")
    assert first is not None
    assert (first.message_id, first.order) == ("m1", 1)


def test_ids_of_one_group_do_not_meet_those_of_another_under_group_scope():
    window = DedupWindow(VirtualClock())
    window.record(("g1", "order-17"), FirstSend("m1", 1, sent_s=0.0))
    assert window.find("order-17", "g2") is None
    assert window.find("order-17", "g1") is not None


def test_an_id_sent_under_queue_scope_still_counts_for_all_groups_after_the_scope_changed():
    window = DedupWindow(VirtualClock())
    window.record("order-17", FirstSend("m1", 1, sent_s=0.0))
    assert window.find("order-17", "any group") is not None


def test_expired_ids_are_forgotten_so_the_window_stays_small():
    clock = VirtualClock()
    window = DedupWindow(clock)
    for n in range(1000):
        window.record(str(n), FirstSend(f"m{n}", n, clock.now_s()))
        clock.advance(1)
    window.find("x", "g")
    assert len(window) == DEDUP_INTERVAL_S - 1


def agrees(window_type, sends):
    clock, first_sent_s = VirtualClock(), {}
    window = window_type(clock)
    for n, (gap_s, dedup_id) in enumerate(sends):
        clock.advance(gap_s)
        is_repeat = clock.now_s() - first_sent_s.get(dedup_id, -1e9) < DEDUP_INTERVAL_S
        if not is_repeat:
            first_sent_s[dedup_id] = clock.now_s()
        if (window.find(dedup_id, "g") is not None) != is_repeat:
            return False
        if not is_repeat:
            window.record(dedup_id, FirstSend(f"m{n}", n, clock.now_s()))
    return True


@given(SENDS)
def test_agrees_with_the_model(sends):
    assert agrees(DedupWindow, sends)


class RepeatProlongs(DedupWindow):
    """Planted bug: a repeat restarts the interval."""

    def find(self, dedup_id, group):
        first = super().find(dedup_id, group)
        if first is not None:
            del self._first_sends[dedup_id]
            self.record(dedup_id, first._replace(sent_s=self._clock.now_s()))
        return first


def test_planted_bug_is_found_and_shrunk_to_three_sends():
    sends = find(SENDS, lambda sends: not agrees(RepeatProlongs, sends))
    gaps_s, ids = zip(*sends, strict=True)
    assert gaps_s == (0, 1, DEDUP_INTERVAL_S - 1)
    assert len(set(ids)) == 1  # which of the two ids it is depends on where shrinking began
