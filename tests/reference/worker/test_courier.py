"""Order, single sending and no loss, over a model of a FIFO queue and a scripted provider."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.domain import GroupMarker, email_id_for
from reference.errors import LedgerError, outcome_unknown, permanent_refusal, transient_refusal
from reference.worker.courier import Courier
from reference.worker.decide import LeaveForRedrive, Retry
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.port import REFUSED_S, Known, Outcome


def fill(world, *keys, group="g"):
    for key in keys:
        world.queue.put(key, group)


def test_a_group_is_sent_in_order_and_deleted(world):
    fill(world, "a", "b", "c")
    world.step()
    assert world.provider.sent == ["a", "b", "c"]
    assert world.queue.keys() == []
    assert [row["event"] for row in world.journal.rows] == ["attempted", "sent", "deleted"] * 3


def test_after_a_transient_failure_nothing_behind_it_is_sent(world):
    fill(world, "a", "b", "c")
    world.provider.scripts["b"] = [transient_refusal("451")]
    world.step()
    assert world.provider.sent == ["a"]
    assert world.queue.keys() == ["b", "c"]
    # Both come back at the same moment, given back in one call, the last first.
    assert world.queue.extensions == [(("c/1", "b/1"), 1)]
    world.work(2)
    assert world.provider.sent == ["a", "b", "c"]


def test_another_group_goes_on_meanwhile(world):
    fill(world, "a", "b")
    fill(world, "x", group="h")
    world.provider.scripts["a"] = [transient_refusal("451")]
    world.step()
    assert world.provider.sent == ["x"]


def test_a_refused_email_is_parked_and_takes_nobody_with_it(world):
    fill(world, *"abcdefghi")
    world.provider.scripts["b"] = [permanent_refusal("550")]
    world.work(4)
    assert world.provider.sent == list("acdefghi")
    assert world.queue.parked == ["b"]
    assert world.queue.keys() == []
    # It was offered to the provider once; later receives remembered the refusal.
    assert len([r for r in world.journal.events("failed") if r["provider"]]) == 1


def test_an_unreadable_message_is_parked_and_never_deleted(world):
    world.queue.put("a", body="{}")
    fill(world, "b")
    world.work(4)
    assert world.provider.sent == ["b"]
    assert world.queue.parked == ["a"]
    assert [row["reason"] for row in world.journal.events("failed")] == ["unreadable"] * 3


def test_an_operator_can_redrive_a_refused_email_later(world):
    fill(world, "a")
    world.provider.scripts["a"] = [permanent_refusal("550")]
    world.work(4)
    assert world.queue.parked == ["a"]
    world.clock.advance(REFUSED_S)
    fill(world, "a")
    world.step()
    assert world.provider.sent == ["a"]


def test_an_unknown_outcome_is_tried_again(world):
    fill(world, "a")
    world.provider.scripts["a"] = [outcome_unknown("TimeoutError")]
    world.work(2)
    assert world.provider.sent == ["a"]
    assert world.queue.keys() == []


def test_a_failed_delete_does_not_cause_a_second_email(world):
    fill(world, "a", "b")
    world.queue.deletes_to_fail = 3
    world.step()
    assert world.queue.keys() == ["a"]
    world.clock.advance(31)
    world.step()
    assert world.provider.sent == ["a", "b"]
    assert world.queue.keys() == []
    assert world.journal.events("deleted")[-1]["reason"] == "already-sent"


def test_a_lost_answer_to_a_delete_is_harmless(world):
    fill(world, "a")
    world.queue.lost_delete_answers = 1
    world.work(2, pause_s=31)
    assert world.provider.sent == ["a"]
    assert world.queue.keys() == []


def test_an_email_for_later_waits_until_it_is_due(world):
    due = datetime.fromtimestamp(world.clock.wall_s(), UTC) + timedelta(hours=2)
    world.queue.put("a", send_after=due)
    world.step()
    assert world.provider.sent == []
    assert world.journal.rows[-1]["event"] == "postponed"
    world.clock.advance(7200)
    world.step()
    assert world.provider.sent == []
    world.clock.advance(1)
    world.step()
    assert world.provider.sent == ["a"]


def test_what_was_not_begun_is_released_when_stopping(world):
    fill(world, "a", "b", "c")

    def stop():
        world.is_stopping = True

    world.provider.while_sending = stop
    world.step()
    assert world.provider.sent == ["a"]
    assert world.queue.extensions == [(("c/1", "b/1"), 0)]
    world.is_stopping = False
    world.provider.while_sending = lambda: None
    world.step()
    assert world.provider.sent == ["a", "b", "c"]


def test_a_slow_send_is_not_overtaken_when_the_heart_beats(world):
    fill(world, "a", "b")

    def take_a_minute():
        for _ in range(6):
            world.clock.advance(10)
            world.heartbeat.beat()
            assert world.queue.receive(wait_s=0, visibility_s=1) == []

    world.provider.while_sending = take_a_minute
    world.step()
    assert world.provider.sent == ["a", "b"]
    assert world.queue.keys() == []
    assert {row["email_id"] for row in world.journal.events("extended")} == {
        row["email_id"] for row in world.journal.events("sent")
    }


def test_without_heartbeats_nothing_is_sent_once_visibility_is_lost(world):
    fill(world, "a", "b")
    world.provider.while_sending = lambda: world.clock.advance(29.5)
    world.step()
    assert world.provider.sent == ["a"]
    assert world.queue.extensions == []
    assert world.journal.rows[-1]["reason"] == "visibility-lost"


def test_a_failed_release_leaves_the_messages_to_expire_in_order(world):
    fill(world, "a", "b")
    world.provider.scripts["a"] = [transient_refusal("451")]
    world.queue.changes_to_fail = 1
    world.step()
    world.clock.advance(29)
    world.step()
    assert world.provider.sent == []
    world.clock.advance(1)
    world.step()
    assert world.provider.sent == ["a", "b"]


def test_a_fault_in_the_custody_count_would_starve_the_pollers(world):
    """Every way out of a run gives its messages back to the count."""
    fill(world, "a", "b", "c")
    world.queue.put("d", body="{}")
    world.provider.scripts = {"b": [transient_refusal("451")], "c": [permanent_refusal("550")]}
    world.work(4)
    assert world.hands.wait_for_fewer_than(1, timeout_s=0)
    assert world.custody.runs() == []


FAILURES = st.sampled_from(
    [transient_refusal("451"), outcome_unknown("TimeoutError"), permanent_refusal("550")]
)


GROUPS = st.lists(st.sampled_from("gh"), min_size=1, max_size=12)
FAILING = st.dictionaries(st.integers(0, 11), st.lists(FAILURES, min_size=1, max_size=2))
BROKEN = st.fixed_dictionaries(
    {
        "deletes_to_fail": st.integers(0, 4),
        "changes_to_fail": st.integers(0, 3),
        "lost_delete_answers": st.integers(0, 2),
    }
)


def offence(make_world, groups, failing, broken, **planted):
    """What went wrong in a world of such failures, or None."""
    world = make_world(receives_max=12, **planted)
    vars(world.queue).update(broken)
    for number, group in enumerate(groups):
        world.queue.put(f"{number:02}", group)
        world.provider.scripts[f"{number:02}"] = list(failing.get(number, []))
    for _ in range(500):  # some four hours; each message may pause up to 375 s a few times
        world.work(1, pause_s=31)
        if not world.queue.messages:
            break
    if sorted(set(world.provider.sent + world.queue.parked)) != [
        f"{n:02}" for n in range(len(groups))
    ]:
        return "lost"
    if world.queue.messages:
        return "left behind"
    if len(set(world.provider.sent)) < len(world.provider.sent):
        return "sent twice"
    for group in "gh":
        sent = [key for key in world.provider.sent if groups[int(key)] == group]
        if sent != sorted(sent):
            return "out of order"
    return None


@given(groups=GROUPS, failing=FAILING, broken=BROKEN)
def test_whatever_fails_each_email_is_sent_once_in_order_or_parked(
    make_world, groups, failing, broken
):
    assert offence(make_world, groups, failing, broken) is None


def test_a_refusal_outlives_the_pauses_of_its_group(make_world):
    """Found by the property above: accepted after the pause, "3" would leave behind "5"."""
    later, never = transient_refusal("451"), permanent_refusal("550")
    failing = {0: [later] * 2, 1: [later] * 2, 2: [later] * 2, 3: [later, never], 4: [later]}
    assert offence(make_world, "ggggggg", {**failing, 6: [later]}, {}) is None


class HastyCourier(Courier):
    """Planted bug: goes on with the group after a failure that may pass."""

    def _handle(self, run, held):
        decision = super()._handle(run, held)
        return LeaveForRedrive(1, "hasty") if isinstance(decision, Retry) else decision


class ForgetfulLedger(MemoryLedger):
    """Planted bug: does not keep what it is told of the end of an attempt."""

    def settle(self, claim, outcome):
        super().settle(claim, Outcome.NOT_SENT)


@pytest.mark.parametrize(
    ("planted", "case", "expected"),
    [
        (
            {"courier_type": HastyCourier},
            ("gg", {0: [transient_refusal("451")]}, {}),
            "out of order",
        ),
        ({"ledger_type": ForgetfulLedger}, ("g", {}, {"deletes_to_fail": 3}), "sent twice"),
    ],
)
def test_planted_bugs_are_seen(make_world, planted, case, expected):
    assert offence(make_world, *case, **planted) == expected
    assert offence(make_world, *case) is None


MARKER_ID = email_id_for("shop", "marker")


def put_marker(world, group="g"):
    world.queue.put("marker", group, body=GroupMarker(marker_id=MARKER_ID).to_body())


def test_a_marker_is_kept_in_the_ledger_once_all_before_it_was_sent(world):
    fill(world, "a", "b")
    put_marker(world)
    world.provider.scripts["b"] = [transient_refusal("451")]
    world.step()
    assert world.ledger.known(MARKER_ID) is Known.NEW
    world.work(2)
    assert world.provider.sent == ["a", "b"]
    assert world.ledger.known(MARKER_ID) is Known.SENT
    assert world.queue.keys() == []


def test_a_marker_passes_what_is_refused_for_good(world):
    fill(world, "a")
    put_marker(world)
    world.provider.scripts["a"] = [permanent_refusal("550")]
    world.step()
    assert world.ledger.known(MARKER_ID) is Known.SENT


def test_a_marker_that_comes_twice_is_deleted_twice(world):
    put_marker(world)
    put_marker(world, "h")
    world.step()
    assert world.queue.keys() == []
    assert [row["reason"] for row in world.journal.events("deleted")] == ["marker"] * 2


def test_without_its_ledger_a_worker_keeps_the_marker(make_world):
    class Broken(MemoryLedger):
        def claim(self, email_id, **attempt):
            raise LedgerError("SQLITE_FULL")

    world = make_world(ledger_type=Broken)
    put_marker(world)
    world.step()
    assert world.queue.keys() == ["marker"]
