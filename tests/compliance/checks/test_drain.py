"""Whatever was in hand at a stop and never came to an end is named; what did is not."""

import pytest

from compliance.checks.drain import check
from compliance.verdict import Outcome

SCENARIO = """
name = "hand-made"
summary = "written by a test"
claims = ["drain"]
[load]
kind = "emails"
rate_per_s = 10
duration_s = 1
timeout_s = {timeout_s}
"""


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
    assert (verdict.figures["in_hand"], verdict.figures["left"]) == (1, 0)


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
    counts = verdict.figures
    assert (counts["restarts"], counts["in_hand"], counts["left"]) == (2, 2, 1)


def test_what_was_done_before_or_came_after_was_not_in_hand(story):
    worker(story, "received", "em_1")
    worker(story, "deleted", "em_1")
    restart(story)
    worker(story, "received", "em_2")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ["the worker had nothing in hand when it was told to stop"]


@pytest.mark.parametrize(("action", "kind"), [("sqs", "restart"), ("worker", "kill")])
def test_a_killed_worker_or_another_component_was_not_told_to_stop(story, action, kind):
    worker(story, "received", "em_1")
    restart(story, action, kind)
    verdict = check(story.history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ["neither API nor worker was told to stop"]


@pytest.fixture
def stopped(make_story):
    """A story in which k1 is sent so long before the API is told to stop, and ends so long after
    it was sent; each end is (kind, status)."""

    def told(end, *, sent_before_s=0.5, lasts_s=1.0, timeout_s=5.0):
        story = make_story(SCENARIO.format(timeout_s=timeout_s))
        sent_s = 10.0
        attempt = {"key": "k1", "attempt": 1, "group": "g"}
        story.event("sender", at_s=sent_s, kind="invoke", **attempt)
        kind, status = end
        row = {"kind": kind, "status": status, **attempt}
        story.event("sender", at_s=sent_s + lasts_s, **row)
        stop = {"event": "start", "fault": "deployment", "kind": "restart", "action": "api"}
        story.event("faults", at_s=sent_s + sent_before_s, **stop)
        return check(story.history())

    return told


@pytest.mark.parametrize("end", [("ok", 202), ("fail", 400), ("info", 503)])
def test_any_answer_is_an_end_of_a_request_in_hand(stopped, end):
    verdict = stopped(end)
    assert verdict.outcome is Outcome.VERIFIED
    assert (verdict.figures["requests"], verdict.figures["cut_off"]) == (1, 0)


def test_a_request_in_hand_that_was_cut_off_is_named(stopped):
    verdict = stopped(("info", None))
    assert verdict.outcome is Outcome.REFUTED
    assert [offence.id for offence in verdict.offences] == ["k1"]
    assert verdict.offences[0].what == "in hand when the API was told to stop, and never answered"


@pytest.mark.parametrize(
    "times",
    [{"sent_before_s": 0.1}, {"sent_before_s": -0.1}, {"sent_before_s": 1.1}],
    ids=["perhaps not accepted yet", "sent afterwards", "ended before"],
)
def test_what_the_api_did_not_surely_have_in_hand_proves_nothing(stopped, times):
    verdict = stopped(("info", None), **times)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ["the API had nothing in hand when it was told to stop"]


def test_a_sender_that_gave_up_was_not_cut_off_and_shows_nothing(stopped):
    """An API that keeps its sockets and answers nobody is not one that drains."""
    verdict = stopped(("info", None), lasts_s=1.0, timeout_s=1.0)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.figures["given_up"] == 1
    assert verdict.reasons == [
        "1 of 1 requests that the API had in hand when it was told to stop were given up by their "
        "senders before any answer"
    ]
