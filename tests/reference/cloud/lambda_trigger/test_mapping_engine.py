"""The pure parts together, in a world of slots, a queue and a function that fails at random.

Each step lets one slot receive, or ends the invocation that it has in progress. Whatever the order:
no group is in two batches at a time, its messages are done with in order, and nothing is deleted
that was not handled. The planted bugs show that the world would notice.
"""

from types import SimpleNamespace

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from reference.clock import VirtualClock
from reference.cloud.lambda_trigger import settling
from reference.cloud.lambda_trigger.batching import Batcher
from reference.cloud.lambda_trigger.groups import GroupsInFlight, groups_of
from reference.cloud.lambda_trigger.mapping import Mapping
from reference.cloud.lambda_trigger.records import Record

VISIBILITY_S = 30
SLOTS = 3


class Queue:
    """FIFO or standard; a group with a hidden message gives nothing out on a FIFO queue."""

    def __init__(self, clock, groups, is_fifo):
        self.clock = clock
        self.is_fifo = is_fifo
        self.messages = [
            SimpleNamespace(id=f"m{n}", group=group, visible_at_s=0.0)
            for n, group in enumerate(groups)
        ]

    def receive(self, count):
        now_s = self.clock.now_s()
        hidden = {m.group for m in self.messages if m.visible_at_s > now_s} if self.is_fifo else ()
        free = [m for m in self.messages if m.visible_at_s <= now_s and m.group not in hidden]
        for message in free[:count]:
            message.visible_at_s = now_s + VISIBILITY_S
        return [
            Record(
                message_id=m.id,
                receipt_handle=m.id,
                group=m.group if self.is_fifo else "",
                visible_at_s=m.visible_at_s,
                json=b"x" * 100,
            )
            for m in free[:count]
        ]

    def show(self, ids):
        for message in self.messages:
            if message.id in ids:
                message.visible_at_s = self.clock.now_s()

    def delete(self, ids):
        self.messages = [m for m in self.messages if m.id not in ids]


class World:
    """Slots as the trigger's threads, one step at a time."""

    def __init__(self, groups, is_fifo, settle=settling.settle_answered, guard=GroupsInFlight):
        self.clock = VirtualClock()
        self.queue = Queue(self.clock, groups, is_fifo)
        self.group_of = {m.id: m.group for m in self.queue.messages}
        self.settle = settle
        self.guard = guard()
        mapping = Mapping(is_fifo=is_fifo, batch_size=4)
        self.batchers = [Batcher(self.clock, mapping) for _ in range(SLOTS)]
        self.running = [None] * SLOTS
        self.handled = []
        self.offence = None

    def step(self, slot, outcome, failing, seconds):
        self.clock.advance(seconds)
        if self.running[slot] is not None:
            self.finish(slot, outcome, failing)
        batcher = self.batchers[slot]
        if not batcher:
            batcher.add(self.queue.receive(batcher.room))
        if batcher:
            self.begin(slot, batcher)
        self.look()

    def begin(self, slot, batcher):
        batch = batcher.take()
        groups = groups_of(batch)
        if groups:
            is_ours = self.guard.hold(groups, 0)
            if is_ours and batch[0].visible_at_s <= self.clock.now_s():
                self.guard.release(groups)
                is_ours = False
            if not is_ours:
                batcher.drop(groups)
                return
        self.running[slot] = batch

    def finish(self, slot, outcome, failing):
        batch, self.running[slot] = self.running[slot], None
        if outcome == "ok":
            failed = self.handle(batch, failing)
            answer = {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
            settlement = self.settle(batch, answer, reports_failures=True)
        elif outcome == "garbage":
            self.handle(batch, failing)
            settlement = self.settle(batch, "done", reports_failures=True)
        else:
            settlement = settling.settle_failed(batch, "timeout")
        self.queue.delete({record.message_id for record in settlement.done})
        self.guard.release(groups_of(batch))
        self.batchers[slot].drop(settlement.broken_groups())

    def handle(self, batch, failing):
        """As the function does: what stands behind a failure of its group fails, too.

        It gives what failed back at once, while its invocation still runs.
        """
        failed, broken = [], set()
        for n, record in enumerate(batch):
            if n in failing or (record.group and record.group in broken):
                failed.append(record.message_id)
                broken.add(record.group)
            else:
                self.handled.append(record.message_id)
        self.queue.show(failed)
        return failed

    def look(self):
        batches = [batch for batch in self.running if batch]
        groups = [group for batch in batches for group in groups_of(batch)]
        if len(set(groups)) < len(groups):
            self.offence = self.offence or "two batches of a group in flight"
        if groups and len(batches) > len(set(groups)):
            self.offence = self.offence or "more batches than groups"
        left = {m.id for m in self.queue.messages}
        if set(self.group_of) - left - set(self.handled):
            self.offence = self.offence or "lost"
        firsts = list(dict.fromkeys(self.handled))
        for group in set(self.group_of.values()) if self.queue.is_fifo else ():
            ours = [int(each[1:]) for each in firsts if self.group_of[each] == group]
            if ours != sorted(ours):
                self.offence = self.offence or "out of order"

    def settle_down(self):
        """Everything goes well from now on: then nothing is left."""
        for _ in range(4 * len(self.group_of) + 8):
            for slot in range(SLOTS):
                self.step(slot, "ok", (), 0.1)
            self.clock.advance(VISIBILITY_S)
        if self.queue.messages:
            self.offence = self.offence or "stuck"
        return self.offence


STEPS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=SLOTS - 1),
        st.sampled_from(["ok", "ok", "garbage", "failed"]),
        st.sets(st.integers(min_value=0, max_value=3), max_size=2),
        st.sampled_from([0, 1, VISIBILITY_S - 1, VISIBILITY_S + 1]),
    ),
    max_size=25,
)
GROUPS = st.lists(st.sampled_from("abc"), max_size=9).map("".join)


def offence(groups, is_fifo, steps, **planted):
    world = World(groups, is_fifo, **planted)
    for step in steps:
        world.step(*step)
    return world.settle_down()


@given(GROUPS, st.booleans(), STEPS)
def test_nothing_is_lost_doubled_up_or_out_of_order(groups, is_fifo, steps):
    assert offence(groups, is_fifo, steps) is None


def all_done(batch, answer, *, reports_failures):
    """Planted bug: what the function lists is not read."""
    return settling.Settlement(list(batch), [])


class NoGuard(GroupsInFlight):
    """Planted bug: a group that SQS gives out again is taken at once."""

    def hold(self, groups, timeout_s):
        return True


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ({"settle": all_done}, "lost"),
        ({"guard": NoGuard}, "two batches of a group in flight"),
    ],
)
def test_planted_bugs_are_found(planted, expected):
    cases = st.tuples(GROUPS, st.just(value=True), STEPS)
    case = find(
        cases,
        lambda case: offence(*case, **planted) == expected,
        settings=settings(phases=[Phase.generate], max_examples=2_000, deadline=None),
    )
    assert offence(*case) is None
