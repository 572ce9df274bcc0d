"""Whatever was in hand at a stop and never came to an end is named; what did is not."""

import pytest

from compliance.checks.drain import check
from compliance.verdict import Outcome


def worker(story, event, email_id, reason=None, *, receive_count=1):
    story.event(
        "worker",
        event=event,
        email_id=email_id,
        message_id=f"m-{email_id}",
        receive_count=receive_count,
        reason=reason,
    )


def restart(story, action="worker", kind="restart"):
    story.event("faults", event="start", fault="deployment", kind=kind, action=action)


@pytest.mark.parametrize(
    ("event", "reason"),
    [("deleted", None), ("released", "stopping"), ("postponed", None), ("failed", "delete:x")],
)
def test_what_came_to_an_end_after_the_stop_was_drained(story, event, reason):
    worker(story, "received", "em_1")
    restart(story)
    worker(story, "sent", "em_1")
    worker(story, event, "em_1", reason)
    verdict = check(story.history())
    assert verdict.outcome is Outcome.VERIFIED
    assert verdict.figures == {"restarts": 1, "in_hand": 1, "left": 0}


@pytest.mark.parametrize("event", ["attempted", "sent", "extended", "failed"])
def test_what_never_came_to_an_end_was_not_drained(story, event):
    worker(story, "received", "em_1")
    restart(story)
    worker(story, event, "em_1")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert [offence.id for offence in verdict.offences] == ["em_1"]


def test_the_end_of_a_later_receive_does_not_count(story):
    worker(story, "received", "em_1")
    restart(story)
    worker(story, "received", "em_1", receive_count=2)
    worker(story, "deleted", "em_1", receive_count=2)
    assert check(story.history()).outcome is Outcome.REFUTED


def test_a_message_given_back_and_at_once_received_again_was_drained(story):
    """Another thread may have it before the first has written down that it gave it back."""
    worker(story, "received", "em_1")
    worker(story, "received", "em_1", receive_count=2)
    restart(story)
    worker(story, "released", "em_1")
    worker(story, "released", "em_1", receive_count=2)
    verdict = check(story.history())
    assert (verdict.outcome, verdict.figures["in_hand"]) == (Outcome.VERIFIED, 2)


def test_each_message_is_held_against_the_first_stop_that_it_saw(story):
    worker(story, "received", "em_1")
    restart(story)
    worker(story, "received", "em_2")
    restart(story)
    worker(story, "released", "em_2")
    verdict = check(story.history())
    assert [offence.id for offence in verdict.offences] == ["em_1"]
    assert verdict.figures == {"restarts": 2, "in_hand": 2, "left": 1}


def test_what_was_done_before_or_came_after_was_not_in_hand(story):
    worker(story, "received", "em_1")
    worker(story, "deleted", "em_1")
    restart(story)
    worker(story, "received", "em_2")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ["the worker had nothing in hand when it was told to stop"]


@pytest.mark.parametrize(("action", "kind"), [("api", "restart"), ("worker", "kill")])
def test_a_killed_worker_or_another_component_was_not_told_to_stop(story, action, kind):
    worker(story, "received", "em_1")
    restart(story, action, kind)
    verdict = check(story.history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ["the worker was never told to stop"]
