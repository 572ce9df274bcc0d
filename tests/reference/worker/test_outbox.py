"""Failover, unknown outcomes and a ledger that fails, as the worker meets them."""

import pytest

from reference.domain import email_id_for
from reference.errors import (
    LedgerError,
    ProviderError,
    outcome_unknown,
    permanent_refusal,
    transient_refusal,
)
from reference.providers.failover import Failover
from reference.worker.decide import UNKNOWN_ATTEMPTS_MAX
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.port import Known, Outcome

BUSY, LOST, NEVER = transient_refusal("503"), outcome_unknown("Timeout"), permanent_refusal("400")


@pytest.fixture
def pair(make_world):
    """A world of two providers."""
    return make_world(providers=2, receives_max=20)


def calls(world):
    """The journal's rows of calls to providers."""
    return [
        (row["event"], row["provider"], row["definite"])
        for row in world.journal.rows
        if row["provider"]
    ]


def test_after_a_definite_failure_the_second_provider_sends_at_once(pair):
    pair.queue.put("a")
    pair.providers[0].scripts["a"] = [BUSY]
    pair.step()
    assert [provider.sent for provider in pair.providers] == [[], ["a"]]
    assert calls(pair) == [
        ("attempted", "fake-0", None),
        ("failed", "fake-0", True),
        ("attempted", "fake-1", None),
        ("sent", "fake-1", None),
    ]
    assert pair.queue.keys() == []


def test_an_unknown_outcome_is_retried_at_the_same_provider_however_often_that_fails(pair):
    pair.queue.put("a")
    pair.providers[0].scripts["a"] = [LOST, BUSY, BUSY]
    pair.work(3)
    assert [provider.sent for provider in pair.providers] == [[], []]
    assert {provider for _, provider, _ in calls(pair)} == {"fake-0"}
    pair.work(1)
    assert [provider.sent for provider in pair.providers] == [["a"], []]
    assert ("failed", "fake-0", False) in calls(pair)


def test_attempts_of_unknown_outcome_are_bounded_and_then_the_email_is_parked(make_world):
    world = make_world(receives_max=UNKNOWN_ATTEMPTS_MAX + 2)
    world.queue.put("a")
    world.queue.put("b")
    world.provider.scripts["a"] = [LOST] * 20
    world.work(12, pause_s=60)
    attempts = [row["message_id"] for row in world.journal.events("attempted")]
    assert attempts.count("id-a") == UNKNOWN_ATTEMPTS_MAX
    assert (world.queue.parked, world.provider.sent) == (["a"], ["b"])
    assert world.journal.events("failed")[-1]["reason"] == "unknown-too-often"


def test_an_email_that_is_refused_for_good_is_offered_to_nobody_else(pair):
    pair.queue.put("a")
    pair.providers[0].scripts["a"] = [NEVER]
    pair.step()
    assert [provider.sent for provider in pair.providers] == [[], []]


class Hasty(Failover):
    """Planted bug: asks the next provider also after an unknown outcome."""

    def _attempt(self, *found):
        try:
            return super()._attempt(*found)
        except ProviderError as error:
            raise transient_refusal(error.code) from error


def test_a_planted_failover_after_an_unknown_outcome_is_in_the_journal(make_world):
    world = make_world(providers=2, failover_type=Hasty)
    world.queue.put("a")
    world.providers[0].scripts["a"] = [LOST]
    world.step()
    assert calls(world)[1:3] == [("failed", "fake-0", False), ("attempted", "fake-1", None)]


def test_what_another_worker_sends_at_this_moment_is_left_to_it(world):
    world.queue.put("a")
    world.ledger.claim(email_id_for("shop", "a"), provider="fake-0", lease_s=30)
    world.step()
    assert (world.provider.sent, world.queue.keys()) == ([], ["a"])
    assert world.journal.rows[-1]["reason"] == "in-other-hands"


def test_what_this_worker_is_sending_is_not_sent_beside_it_when_the_lease_has_lapsed(world):
    """The process was stopped in mid-call for longer than the message stayed hidden."""

    def stand_still():
        world.provider.while_sending = lambda: None
        world.clock.advance(31)
        world.step()
        assert world.journal.rows[-1]["reason"] == "in-other-hands"

    world.queue.put("a")
    world.provider.while_sending = stand_still
    world.work(3, pause_s=60)
    assert (world.provider.sent, world.queue.keys()) == (["a"], [])


def test_what_another_worker_has_sent_is_deleted_unsent(world):
    world.queue.put("a")
    claim = world.ledger.claim(email_id_for("shop", "a"), provider="fake-0", lease_s=30)
    world.ledger.settle(claim, Outcome.SENT)
    world.step()
    assert (world.provider.sent, world.queue.keys()) == ([], [])
    assert world.journal.rows[-1]["reason"] == "already-sent"


class Failing(MemoryLedger):
    """Fails as it is told to."""

    fails_at = ()

    def claim(self, *arguments, **options):
        self._check("claim")
        return super().claim(*arguments, **options)

    def move(self, *arguments):
        self._check("move")
        return super().move(*arguments)

    def _check(self, what):
        if what in self.fails_at:
            raise LedgerError("SQLITE_FULL")


def test_without_a_ledger_nothing_is_sent_and_nothing_is_lost(make_world):
    world = make_world(ledger_type=Failing)
    world.ledger.fails_at = ("claim",)
    world.queue.put("a")
    world.step()
    assert (world.provider.sent, world.queue.keys()) == ([], ["a"])
    assert world.journal.rows[-1]["reason"] == "ledger:SQLITE_FULL"
    assert world.queue.extensions == [(("a/1",), 10)]
    world.ledger.fails_at = ()
    world.clock.advance(10)
    world.step()
    assert (world.provider.sent, world.queue.keys()) == (["a"], [])


def test_no_other_provider_is_asked_before_the_ledger_has_it(make_world):
    world = make_world(ledger_type=Failing, providers=2)
    world.ledger.fails_at = ("move",)
    world.queue.put("a")
    world.providers[0].scripts["a"] = [BUSY]
    world.step()
    assert world.providers[1].sent == []
    assert world.journal.rows[-1]["reason"] == "ledger:SQLITE_FULL"
    world.ledger.fails_at = ()
    claim = world.ledger.claim(email_id_for("shop", "a"), provider="fake-1", lease_s=9)
    assert (claim.known, claim.provider) == (Known.NEW, "fake-1")


def test_a_lease_that_was_lost_meanwhile_ends_the_attempt(pair):
    """The first provider took so long that the message is in other hands."""

    def take_over():
        pair.clock.advance(30)
        pair.ledger.claim(email_id_for("shop", "a"), provider="fake-0", lease_s=30)

    pair.queue.put("a")
    pair.providers[0].scripts["a"] = [BUSY]
    pair.providers[0].while_sending = take_over
    pair.step()
    assert pair.providers[1].sent == []
    assert pair.journal.rows[-1]["reason"] == "ledger:lease-lost"


def test_the_journal_calls_sent_only_what_the_ledger_knows(make_world):
    """A crash between the two must not send again what the journal says was sent."""
    order = []

    class Noting(MemoryLedger):
        def settle(self, claim, outcome):
            order.append(("ledger", outcome.name))
            super().settle(claim, outcome)

    world = make_world(ledger_type=Noting)
    write = world.journal.write

    def noting(**row):
        order.append(("journal", row["event"]))
        write(**row)

    world.journal.write = noting
    world.queue.put("a")
    world.step()
    assert order == [
        ("journal", "attempted"),
        ("ledger", "SENT"),
        ("journal", "sent"),
        ("journal", "deleted"),
    ]
