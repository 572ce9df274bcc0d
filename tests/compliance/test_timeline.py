"""The card of one email: found by any of its ids, whole, in order, and nobody else's."""

import pytest

from compliance.ledgers import Ledgers
from compliance.timeline import STEPS_FIRST, STEPS_LAST, cards


@pytest.fixture
def eventful(story):
    """Email a: its first answer was lost, it was sent twice; email b is somebody else's."""
    story.event("faults", event="start", fault="early", kind="delay", action=None)
    story.event("faults", event="end", fault="early", kind="delay", action=None)
    story.event("faults", event="start", fault="lost", kind="lose-answer", action="SendMessage")
    story.invoke("a")
    stored = {"queue": "emails.fifo", "dedup_id": "em_a", "message_id": "m-a", "group": "g"}
    story.event("queue", event="stored", **stored)
    fired = {"kind": "lose-answer", "action": "SendMessage", "stored": True}
    story.event("faults", event="fired", fault="lost", dedup_ids=["em_a"], **fired)
    story.outcome("info", "a")
    story.event("faults", event="end", fault="lost", kind="lose-answer", action="SendMessage")
    story.healthy("b")
    story.invoke("a", attempt=2)
    story.absorbed("em_a")
    story.outcome("ok", "a", attempt=2, email_id="em_a")
    story.event("queue", event="received", receive_count=1, **stored)
    told = {"email_id": "em_a", "message_id": "m-a"}
    story.event("worker", event="received", receive_count=1, **told)
    story.event("worker", event="attempted", provider="smtp", **told)
    story.delivered("a")
    story.event("worker", event="failed", provider="smtp", reason="reset", definite=False, **told)
    story.event("queue", event="deleted", **stored)
    story.event("faults", event="start", fault="late", kind="delay", action=None)
    return story


def cards_of(story, *ids):
    history = story.history()
    try:
        return history.cards(ids, "queueproof run hand-made --seed 1")
    finally:
        history.close()


@pytest.mark.parametrize("asked", ["a", "em_a", "m-a"])
def test_key_email_id_and_message_id_find_the_same_whole_story(eventful, asked):
    card = cards_of(eventful, asked)[asked]
    assert (card.keys, card.email_ids, card.message_ids) == (["a"], ["em_a"], ["m-a"])
    assert card.group == "g"
    assert card.seed == 1
    assert [f"{step.ledger}: {step.what}" for step in card.steps] == [
        "sender: invoke, attempt 1",
        "queue: stored in emails.fifo as message m-a, group g",
        "faults: lost (lose-answer) fired on SendMessage, which was done all the same",
        "sender: info (outcome unknown): no answer, attempt 1",
        "sender: invoke, attempt 2",
        "queue: absorbed in emails.fifo",
        "sender: ok (accepted): HTTP 202, attempt 2",
        "queue: received in emails.fifo as message m-a, group g, receive 1",
        "worker: received, receive 1",
        "worker: attempted at smtp",
        "sink: delivered by smtp",
        "worker: failed at smtp: reset (outcome unknown)",
        "queue: deleted in emails.fifo as message m-a, group g",
    ]
    assert card.steps[0].after_s == 0
    assert card.replay == "queueproof run hand-made --seed 1"


def test_faults_that_were_on_meanwhile_are_told_and_whether_they_fired_on_it(eventful):
    (fault,) = cards_of(eventful, "em_a")["em_a"].faults
    assert (fault.label, fault.where, fault.named_it) == ("lost", "SendMessage", 1)
    assert fault.start_s < fault.end_s
    assert cards_of(eventful, "em_b")["em_b"].faults == []


def test_several_ids_at_once_do_not_mix(eventful):
    found = cards_of(eventful, "em_b", "a", "nobody")
    assert set(found) == {"em_b", "a"}
    assert found["em_b"].keys == ["b"]
    assert len(found["em_b"].steps) == 4


def test_two_emails_under_one_id_are_on_one_card(story):
    story.healthy("a")
    story.invoke("b")
    story.outcome("ok", "b", email_id="em_a")
    assert sorted(cards_of(story, "em_a")["em_a"].keys) == ["a", "b"]


def test_an_email_of_the_sink_alone_has_a_card_without_times_since_its_invoke(story):
    story.delivered("ghost")
    card = cards_of(story, "em_ghost")["em_ghost"]
    assert [step.after_s for step in card.steps] == [None]


def test_a_long_story_keeps_its_beginning_and_its_end(story):
    for attempt in range(1, 101):
        story.invoke("a", attempt=attempt)
    card = cards_of(story, "a")["a"]
    assert len(card.steps) == STEPS_FIRST + STEPS_LAST
    assert card.steps_left_out == 100 - len(card.steps)
    assert card.steps[0].what == "invoke, attempt 1"
    assert "attempt 100" in card.steps[-1].what


def test_a_sealed_experiment_gives_the_same_card(eventful):
    before = cards_of(eventful, "em_a")
    eventful.seal()
    assert cards_of(eventful, "em_a") == before


def test_a_card_needs_no_history(eventful):
    """`trace` opens the ledgers alone, which takes no plan and no time."""
    record = eventful.history().record
    with Ledgers(eventful.folder) as ledgers:
        assert "em_a" in cards(ledgers, record, ["em_a"], "")
