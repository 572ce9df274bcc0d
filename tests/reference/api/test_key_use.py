"""A key stands for one email, for as long as SQS would absorb another."""

from reference.api.key_use import REMEMBERED_S, Claim, KeyUse
from reference.clock import VirtualClock


def claim(uses, email_id="a", body="1"):
    return uses.claim(email_id, body=body, group="g")


def test_a_claim_ends_with_the_interval_and_repeats_do_not_prolong_it():
    clock = VirtualClock()
    uses = KeyUse(clock)
    assert claim(uses) is Claim.NEW
    clock.advance(REMEMBERED_S - 1)
    assert claim(uses) is Claim.REPEATED
    assert claim(uses, body="2") is Claim.TAKEN
    clock.advance(1)
    assert claim(uses, body="2") is Claim.NEW


def test_memory_is_bounded_and_the_oldest_claim_goes_first():
    uses = KeyUse(VirtualClock(), remembered_max=2)
    assert [claim(uses, email_id) for email_id in "abc"] == [Claim.NEW] * 3
    assert claim(uses, "c", body="2") is Claim.TAKEN
    assert claim(uses, "a", body="2") is Claim.NEW


def test_what_was_given_up_is_free():
    uses = KeyUse(VirtualClock())
    claim(uses)
    uses.give_up("a")
    assert claim(uses, body="2") is Claim.NEW
