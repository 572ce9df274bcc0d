"""A pool is resized under load: each group stays in order, nothing is lost, nothing comes twice.

Replicas of the API, which see the pool file late, workers that die, and senders that repeat what
they got no answer to, play on SQS's real engine in virtual time. The planted bugs show that the
play can fail.
"""

import heapq
import itertools
from collections import Counter, defaultdict
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.clock import VirtualClock
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.message import Outgoing
from reference.queues.epochs import Epoch
from reference.queues.moves import Drain, Fenced, Go, Moves
from reference.queues.names import queue_name
from reference.queues.pool import Pool, PoolError

REREAD_S, CALL_S = 0.5, 3.0
FENCE_S = REREAD_S + CALL_S + 0.01
VISIBILITY_S = 30
NAMES = [f"mail-{n}.fifo" for n in range(4)]


def pool_of(numbers):
    return Pool(tuple(f"http://127.0.0.1:1/0/{NAMES[n]}" for n in sorted(numbers)))


def group_of(before, after):
    """A group that goes from one queue to another when the pool grows from two to three."""
    return next(
        group
        for group in (f"g{n}" for n in itertools.count())
        if pool_of({0, 1}).owner(group).endswith(NAMES[before])
        and pool_of({0, 1, 2}).owner(group).endswith(NAMES[after])
    )


MOVER, STAYER = group_of(0, 2), group_of(0, 0)
GROUPS = [MOVER, group_of(1, 2), STAYER]


class World:
    def __init__(self, kind=Moves, *, fence_s=FENCE_S, asks_ledger=True, by_email=False):
        self.clock = VirtualClock()
        self.engine = Engine(self.clock)
        for name in NAMES:
            self.engine.create_queue(name, {"FifoQueue": "true"})
        self.epoch = Epoch(1, pool_of({0, 1}))
        self.replicas = [
            SimpleNamespace(looked_at_s=0.0, moves=kind(self.epoch, self.clock, fence_s=fence_s))
            for _ in range(2)
        ]
        self.asks_ledger = asks_ledger
        self.by_email = by_email
        self.ledger = set()  # ids of what was delivered, and of markers
        self.stored = Counter()  # by email
        self.delivered = defaultdict(list)  # numbers by group
        self.acked = Counter()  # by group: all numbers below
        self.calls = []  # under way: (ends at, tie, what happens then)
        self.ties = itertools.count()

    # What may happen

    def resize(self, numbers):
        if self.epoch.pool != pool_of(numbers) and len(self.epoch.draining) < 10:
            self.epoch = self.epoch.next(pool_of(numbers).urls)

    def send(self, group, replica, lasts_s, is_heard):
        """The group's next email; the same once more while no answer was heard."""
        self._post(group, self.acked[group], self.replicas[replica], lasts_s, is_heard)

    def resend(self, group, replica, lasts_s):
        """The latest confirmed email again: its sender lost the answer."""
        if self.acked[group]:
            self._post(group, self.acked[group] - 1, self.replicas[replica], lasts_s, True)

    def wait(self, seconds):
        until_s = self.clock.now_s() + seconds
        while self.calls and self.calls[0][0] <= until_s:
            at_s, _, land = heapq.heappop(self.calls)
            self.clock.advance(max(0.0, at_s - self.clock.now_s()))
            land()
        self.clock.advance(max(0.0, until_s - self.clock.now_s()))

    def work(self, queue, survives):
        """A worker receives, and handles so many messages before it dies."""
        found = self.engine.queue(NAMES[queue])
        for message, handle in found.receive(10, visibility_s=VISIBILITY_S)[:survives]:
            if message.dedup_id not in self.ledger and message.body != "marker":
                self.delivered[message.group].append(int(message.body))
            self.ledger.add(message.dedup_id)
            found.delete(handle)

    # How a replica sends

    def _post(self, group, number, replica, lasts_s, is_heard):
        if self.clock.now_s() - replica.looked_at_s >= REREAD_S:
            replica.looked_at_s = self.clock.now_s()
            if self.epoch.number > replica.moves.epoch.number:
                replica.moves.adopt(self.epoch)
        moves, email_id = replica.moves, f"{group}/{number}"
        step = moves.next(email_id if self.by_email else group)
        while isinstance(step, Drain) and step.marker.marker_id in self.ledger:
            moves.gone(step.marker)
            step = moves.next(group)
        if isinstance(step, Fenced):
            return
        if isinstance(step, Drain):
            self._call(lasts_s, step.marker.url, group, step.marker.marker_id, "marker", int)
            return

        def ack():
            if is_heard:
                self.acked[group] = max(self.acked[group], number + 1)

        if self.asks_ledger and moves.epoch.markers(group) and email_id in self.ledger:
            ack()
        else:
            self._call(lasts_s, step.url, group, email_id, str(number), ack)

    def _call(self, lasts_s, url, group, dedup_id, body, ack):
        def land():
            sent = self.engine.queue(queue_name(url)).send(
                Outgoing(body, len(body), group, dedup_id, None, None, None)
            )
            if body != "marker" and not sent.is_repeat:
                self.stored[dedup_id] += 1
            ack()

        heapq.heappush(self.calls, (self.clock.now_s() + lasts_s, next(self.ties), land))

    # What came of it

    def offence(self):
        """None when all is well, once all have done what they can."""
        for _ in range(4):
            self.wait(VISIBILITY_S + CALL_S)
            for queue in range(len(NAMES)):
                for _ in range(4):
                    self.work(queue, 10)
        for numbers in self.delivered.values():
            if numbers != list(range(len(numbers))):
                return f"not in order: {numbers}"
        for group, count in self.acked.items():
            if count > len(self.delivered[group]):
                return f"lost: of {count} only {self.delivered[group]} arrived"
        if any(count > 1 for count in self.stored.values()):
            return "stored twice"
        return None

    def play(self, actions):
        for name, *arguments in actions:
            getattr(self, name)(*arguments)


def play(actions, *kind, **options):
    world = World(*kind, **options)
    world.play(actions)
    return world.offence()


CALL_TIMES_S = st.sampled_from([0.01, 0.3, CALL_S])
ACTIONS = st.one_of(
    st.tuples(
        st.just("send"), st.sampled_from(GROUPS), st.integers(0, 1), CALL_TIMES_S, st.booleans()
    ),
    st.tuples(st.just("resend"), st.sampled_from(GROUPS), st.integers(0, 1), CALL_TIMES_S),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.4, 1.0, 4.0, 35.0])),
    st.tuples(st.just("work"), st.integers(0, 3), st.integers(0, 10)),
    st.tuples(st.just("resize"), st.sets(st.integers(0, 3), min_size=1)),
)


@settings(max_examples=300)
@given(st.lists(ACTIONS, max_size=60))
def test_no_resize_breaks_order_or_loses_or_doubles_an_email(actions):
    assert play(actions) is None


def sent(group=MOVER, replica=0):
    return [("send", group, replica, 0.01, True), ("wait", 0.02)]


LOOKED = [("wait", 0.6)]
GROWN = [("resize", {0, 1, 2}), *LOOKED]


def test_a_group_moves_once_its_old_queue_has_let_go_of_it():
    world = World()
    world.play([*sent(), *GROWN, *sent()])
    assert world.acked[MOVER] == 1  # fenced
    world.play([("wait", FENCE_S), *sent(), *sent()])
    assert world.acked[MOVER] == 1  # its marker stands behind the first one
    assert world.engine.queue(NAMES[0]).depth().visible == 2
    world.play([("work", 0, 10), *sent()])
    assert world.acked[MOVER] == 2
    assert world.engine.queue(NAMES[2]).depth().visible == 1
    assert world.offence() is None


def test_a_group_that_stays_is_not_held_up():
    world = World()
    world.play([*sent(STAYER), *GROWN, *sent(STAYER)])
    assert world.acked[STAYER] == 2


class NeverDrains(Moves):
    """Planted bug: a group goes to its new queue at once."""

    def next(self, group):
        return Go(self.epoch.pool.owner(group))


# Replica 1 looks, the pool grows, and replica 0 sees that at once.
OVERTAKEN = [
    ("wait", 0.3),
    *sent(STAYER, 1),
    ("wait", 0.3),
    *sent(STAYER, 1),
    ("resize", {0, 1, 2}),
    *sent(),  # a marker
    ("work", 0, 10),
    *sent(),  # to the new queue
    *sent(replica=1),  # to the old queue: replica 1 has not looked again
    ("work", 0, 10),
]
# The first one's answer was lost, and it was delivered before the group moved.
REPEATED = [
    *sent(),
    *GROWN,
    ("work", 0, 10),
    *sent(),  # the replica adopts the epoch
    ("wait", FENCE_S),
    *sent(),  # a marker
    ("work", 0, 10),
    ("resend", MOVER, 0, 0.01),
    ("wait", 1.0),
]


@pytest.mark.parametrize(
    ("actions", "options", "named"),
    [
        ([*sent(), *GROWN, *sent(), ("work", 2, 10)], {"kind": NeverDrains}, "not in order"),
        (OVERTAKEN, {"fence_s": 0.0}, "not in order"),
        (REPEATED, {"asks_ledger": False}, "stored twice"),
    ],
)
def test_a_planted_bug_is_found(actions, options, named):
    found = play(actions, **options)
    assert found is not None
    assert found.startswith(named)
    assert play(actions) is None


def test_an_epoch_does_not_go_back():
    moves = Moves(Epoch(2, pool_of({0})), VirtualClock(), fence_s=FENCE_S)
    with pytest.raises(PoolError, match="epoch 1 does not come after 2"):
        moves.adopt(Epoch(1, pool_of({0})))
