"""Each check on a clean history, on its planted fault, and where it cannot tell."""

import pytest

from compliance.checks import CHECKS, delivery, false_ack, order, single_send
from compliance.verdict import Outcome
from scenarios.model import load_claims


def test_clean_history_is_verified(story):
    for number in range(5):
        story.healthy(f"k{number}")
    for check in (delivery, false_ack, order):
        assert check.check(story.history()).outcome is Outcome.VERIFIED, check.CLAIM


def test_empty_history_verifies_nothing(story):
    for claim, check in CHECKS.items():
        verdict = check(story.history())
        assert verdict.outcome is Outcome.INCONCLUSIVE, claim
        assert verdict.reasons


def test_every_check_is_for_a_claim_of_the_catalogue():
    assert set(CHECKS) <= {claim.id for claim in load_claims()}


def test_lost_email_refutes_no_loss_and_is_named(story):
    story.healthy("a")
    story.invoke("b")
    story.stored("em_b")
    story.outcome("ok", "b", email_id="em_b")
    verdict = delivery.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert [offence.id for offence in verdict.offences] == ["em_b"]


def test_missing_email_in_a_queue_that_did_not_drain_is_inconclusive(make_story):
    story = make_story(drained=False)
    story.healthy("a")
    story.invoke("b")
    story.stored("em_b")
    story.outcome("ok", "b", email_id="em_b")
    verdict = delivery.check(story.history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "late" in verdict.reasons[0]
    assert "1 not delivered so far" in verdict.summary


def test_delivery_that_nobody_asked_for_refutes_no_loss(story):
    story.healthy("a")
    story.delivered("ghost")
    assert delivery.check(story.history()).outcome is Outcome.REFUTED


def test_no_sink_journal_is_inconclusive(story):
    story.invoke("a")
    story.stored("em_a")
    story.outcome("ok", "a", email_id="em_a")
    story.parked("em_a")
    assert delivery.check(story.history()).outcome is Outcome.INCONCLUSIVE


def test_an_email_swallowed_as_another_s_repeat_refutes_no_loss(story):
    story.healthy("a")
    story.absorbed("em_a", body="another")
    verdict = delivery.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.figures["swallowed"] == 1


def test_two_emails_with_one_id_refute_no_false_ack(story):
    """One stored message can vouch for one email only."""
    story.healthy("a")
    story.invoke("b")
    story.outcome("ok", "b", email_id="em_a")
    verdict = false_ack.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert "another email was given too" in verdict.offences[0].what


def test_another_status_counted_as_accepted_refutes_no_false_ack(story):
    story.healthy("a")
    story.invoke("b")
    story.stored("em_b")
    story.outcome("ok", "b", email_id="em_b", status=500)
    assert false_ack.check(story.history()).outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, Outcome.REFUTED), (422, Outcome.REFUTED), (429, Outcome.VERIFIED)],
)
def test_an_error_that_no_sender_retries_refutes_no_false_ack(story, status, outcome):
    story.healthy("a")
    story.invoke("b")
    story.outcome("fail", "b", status=status)
    assert false_ack.check(story.history()).outcome is outcome


def test_delivered_after_nothing_but_refusals_refutes_no_false_ack(story):
    story.healthy("a")
    story.invoke("b")
    story.stored("em_b")
    story.outcome("fail", "b", status=429)
    story.delivered("b")
    assert false_ack.check(story.history()).outcome is Outcome.REFUTED


@pytest.mark.parametrize("attempts", [0, 1])
def test_false_202_refutes_no_false_ack(story, attempts):
    """With or without a recorded invoke."""
    story.healthy("a")
    if attempts:
        story.invoke("b")
    story.outcome("ok", "b", email_id="em_b")
    verdict = false_ack.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert [offence.id for offence in verdict.offences] == ["em_b"]


def test_202_before_the_write_refutes_no_false_ack(story):
    """The message is stored in the end, but the sender had been told too early."""
    story.invoke("a")
    story.outcome("ok", "a", email_id="em_a")
    story.stored("em_a")
    story.delivered("a")
    verdict = false_ack.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.offences[0].what == "202 before the queue had stored it"


def test_202_without_an_id_refutes_no_false_ack(story):
    story.healthy("a")
    story.invoke("b")
    story.outcome("ok", "b")
    assert false_ack.check(story.history()).outcome is Outcome.REFUTED


def test_202_for_an_absorbed_repeat_is_true(story):
    story.invoke("a")
    story.stored("em_a")
    story.outcome("info", "a")
    story.invoke("a", attempt=2)
    story.absorbed("em_a")
    story.outcome("ok", "a", attempt=2, email_id="em_a")
    assert false_ack.check(story.history()).outcome is Outcome.VERIFIED


def resend(story, key):
    story.invoke(key)
    story.stored(f"em_{key}")
    story.outcome("info", key)
    story.invoke(key, attempt=2)
    story.absorbed(f"em_{key}")
    story.outcome("ok", key, attempt=2, email_id=f"em_{key}")
    story.delivered(key)


def test_absorbed_resend_verifies_resend_safe(story):
    resend(story, "a")
    assert single_send.check(story.history()).outcome is Outcome.VERIFIED


def test_second_delivery_refutes_resend_safe(story):
    resend(story, "a")
    story.delivered("a")
    verdict = single_send.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert [offence.id for offence in verdict.offences] == ["em_a"]


def test_resends_of_nothing_stored_do_not_try_resend_safe(story):
    story.invoke("a")
    story.outcome("info", "a")
    story.invoke("a", attempt=2)
    story.stored("em_a")
    story.outcome("ok", "a", attempt=2, email_id="em_a")
    story.delivered("a")
    assert single_send.check(story.history()).outcome is Outcome.INCONCLUSIVE


def test_a_resent_email_that_was_not_delivered_has_not_tried_resend_safe(story):
    resend(story, "a")
    (story.folder / "sink.jsonl").unlink()
    story.healthy("b")
    assert single_send.check(story.history()).outcome is Outcome.INCONCLUSIVE


def test_a_delivered_email_that_also_lies_in_the_dlq_is_inconclusive(story):
    resend(story, "a")
    story.parked("em_a")
    verdict = single_send.check(story.history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "a redrive sends them" in verdict.reasons[0]


@pytest.mark.parametrize("check", [single_send, order])
def test_a_queue_that_did_not_drain_may_still_hold_the_offence(make_story, check):
    story = make_story(drained=False)
    resend(story, "a")
    story.healthy("b")
    assert check.check(story.history()).outcome is Outcome.INCONCLUSIVE


def test_deliveries_without_a_place_in_the_journal_leave_order_inconclusive(story):
    for key in "abc":
        story.healthy(key)
    story.invoke("d")
    story.delivered("d", email_id="em_nobody")
    verdict = order.check(story.history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "1 delivered emails have no place" in verdict.reasons[0]


def test_overtaking_refutes_order(story):
    for number, key in enumerate("abc"):
        story.stored(f"em_{key}", sequence=number)
    for key in "bac":
        story.invoke(key)
        story.delivered(key)
    verdict = order.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert [offence.id for offence in verdict.offences] == ["em_a"]
    assert verdict.offences[0].what == "left after em_b, a later email of its group"


@pytest.mark.parametrize("second", ["em_a0", "em_z9"])
def test_a_second_copy_under_another_id_leaves_the_first_in_its_place(story, second):
    """Its own order is that of the message as which it first came."""
    for number, email_id in enumerate(["em_m", "em_n", second]):
        story.stored(email_id, sequence=number)
    for key, email_id in (("m", "em_m"), ("n", "em_n"), ("m", second)):
        story.invoke(key)
        story.delivered(key, email_id=email_id)
    assert story.history().sets.reordered == 0
    assert story.history().sets.duplicated == 1


def test_groups_of_one_do_not_try_order(story):
    story.healthy("a", group="g1")
    story.healthy("b", group="g2")
    assert order.check(story.history()).outcome is Outcome.INCONCLUSIVE


def tried(story, email_id, *events):
    """What the worker's journal says of one email: `event` or `event provider`."""
    for text in events:
        event, provider = (*text.split(), "smtp")[:2]
        definite = False if event == "unknown" else True if event == "failed" else None
        event = "failed" if event == "unknown" else event
        row = {"event": event, "email_id": email_id, "provider": provider, "definite": definite}
        story.event("worker", **row)


@pytest.mark.parametrize(
    "events",
    [
        ("attempted", "attempted", "sent"),  # killed before any answer
        ("attempted", "unknown", "attempted", "sent"),  # the answer was lost
        ("attempted", "failed", "attempted", "unknown", "attempted", "sent"),
    ],
)
def test_a_repeat_after_a_lost_answer_is_named_and_counted_but_does_not_refute(story, events):
    resend(story, "a")
    tried(story, "em_a", *events)
    story.delivered("a")
    verdict = single_send.check(story.history())
    assert verdict.outcome is Outcome.VERIFIED
    assert verdict.figures["ambiguous"] == 1
    assert verdict.figures["unknown_attempts"] == 1
    assert "1 more of the named kind" in verdict.summary


@pytest.mark.parametrize(
    "events",
    [
        (),  # a run older than the event
        ("attempted", "sent"),
        ("attempted", "failed", "attempted", "sent"),  # the first one certainly was not sent
        ("attempted", "sent", "attempted", "unknown"),  # tried again after it was known
        ("attempted", "attempted", "unknown", "sent"),  # two at once: visibility not extended
        ("attempted ses", "unknown ses", "attempted smtp", "sent smtp"),  # failed over too soon
    ],
)
def test_any_other_repeat_refutes_resend_safe(story, events):
    resend(story, "a")
    tried(story, "em_a", *events)
    story.delivered("a")
    verdict = single_send.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.figures["ambiguous"] == 0


def test_a_repeat_through_another_provider_refutes_resend_safe(story):
    resend(story, "a")
    tried(story, "em_a", "attempted", "unknown", "attempted ses", "sent ses")
    story.delivered("a", provider="ses")
    assert single_send.check(story.history()).outcome is Outcome.REFUTED


def test_one_lost_answer_excuses_one_repeat_only(story):
    resend(story, "a")
    tried(story, "em_a", "attempted", "unknown", "attempted", "sent")
    story.delivered("a")
    story.delivered("a")
    assert single_send.check(story.history()).outcome is Outcome.REFUTED
