"""What every ledger promises, one story each; kept short because DynamoDB's stand-in is slow."""

from reference.worker.ledger.port import REFUSED_S, Known, Outcome


def claim(ledger, provider="a", email_id="em_1", lease_s=30):
    return ledger.claim(email_id, provider=provider, lease_s=lease_s)


def told(ledger, provider="a"):
    granted = claim(ledger, provider)
    return granted.known, granted.provider, granted.unknown


def test_what_was_sent_is_never_granted_again(ledger, clock):
    first = claim(ledger)
    assert (first.known, first.provider, first.unknown) == (Known.NEW, "a", 0)
    ledger.settle(first, Outcome.SENT)
    clock.advance(3600)
    assert claim(ledger).known is Known.SENT
    assert claim(ledger, email_id="em_2").known is Known.NEW


def test_while_one_has_an_email_nobody_else_gets_it(ledger, clock):
    claim(ledger, lease_s=30)
    clock.advance(29)
    assert claim(ledger).known is Known.BUSY


def test_a_lease_that_lapsed_was_an_attempt_of_unknown_outcome(ledger, clock):
    claim(ledger, "a")
    clock.advance(30)
    assert told(ledger, "b") == (Known.NEW, "a", 1)


def test_an_unknown_outcome_binds_the_email_to_its_provider_at_once(ledger):
    ledger.settle(claim(ledger, "a"), Outcome.UNKNOWN)
    second = claim(ledger, "b")
    assert (second.known, second.provider, second.unknown) == (Known.NEW, "a", 1)
    ledger.settle(second, Outcome.UNKNOWN)
    assert told(ledger, "b") == (Known.NEW, "a", 2)


def test_what_was_certainly_not_sent_leaves_the_email_free(ledger):
    ledger.settle(claim(ledger, "a"), Outcome.NOT_SENT)
    assert told(ledger, "b") == (Known.NEW, "b", 0)


def test_a_certain_failure_does_not_undo_an_earlier_uncertain_one(ledger):
    ledger.settle(claim(ledger, "a"), Outcome.UNKNOWN)
    ledger.settle(claim(ledger, "a"), Outcome.NOT_SENT)
    assert told(ledger, "b") == (Known.NEW, "a", 1)


def test_a_claim_moves_to_another_provider(ledger, clock):
    granted = claim(ledger, "a")
    assert ledger.move(granted, "b")
    clock.advance(30)
    assert told(ledger, "a") == (Known.NEW, "b", 1)


def test_a_claim_that_lapsed_can_neither_move_nor_free_the_email_nor_end_the_next_one(
    ledger, clock
):
    slow = claim(ledger, "a")
    clock.advance(30)
    claim(ledger, "a")
    assert not ledger.move(slow, "b")
    for outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN, Outcome.REFUSED):
        ledger.settle(slow, outcome)
    assert claim(ledger).known is Known.BUSY
    clock.advance(30)
    assert told(ledger, "b") == (Known.NEW, "a", 2)


def test_sent_counts_even_from_a_claim_that_lapsed(ledger, clock):
    slow = claim(ledger)
    clock.advance(30)
    quick = claim(ledger)
    ledger.settle(slow, Outcome.SENT)
    ledger.settle(quick, Outcome.NOT_SENT)
    clock.advance(30)
    assert claim(ledger).known is Known.SENT


def test_a_refusal_holds_as_long_as_it_is_asked_for(ledger, clock):
    ledger.settle(claim(ledger), Outcome.REFUSED)
    for _ in range(3):
        clock.advance(REFUSED_S - 2)
        assert claim(ledger).known is Known.REFUSED
    clock.advance(REFUSED_S + 1)
    assert told(ledger, "b") == (Known.NEW, "b", 0)


def test_an_outcome_may_be_written_twice(ledger):
    """As after a write whose answer was lost."""
    granted = claim(ledger)
    ledger.settle(granted, Outcome.UNKNOWN)
    again = claim(ledger)
    for _ in range(2):
        ledger.settle(again, Outcome.NOT_SENT)
    assert told(ledger) == (Known.NEW, "a", 1)
    for _ in range(2):
        ledger.settle(granted, Outcome.SENT)
    assert claim(ledger).known is Known.SENT


def test_one_who_only_asks_hears_what_is_known_and_changes_nothing(ledger, clock):
    assert ledger.known("em_1") is Known.NEW
    first = claim(ledger)
    assert ledger.known("em_1") is Known.BUSY
    ledger.settle(first, Outcome.SENT)
    assert ledger.known("em_1") is Known.SENT
    ledger.settle(claim(ledger, email_id="em_2"), Outcome.REFUSED)
    assert ledger.known("em_2") is Known.REFUSED
    clock.advance(REFUSED_S)
    assert ledger.known("em_2") is Known.NEW
    assert claim(ledger, email_id="em_2").known is Known.NEW
