"""fifo-300 on synthetic calls: the quota kept, too low, too high, not tried, and leaky."""

import json

import pytest

from compliance.checks import quotas
from compliance.verdict import Outcome
from scenarios.evidence import Phase
from scenarios.model import CALLED_ACTIONS

SCENARIO = """
name = "hand-made"
summary = "written by a test"
claims = ["fifo-300"]

[load]
kind = "sqs-calls"
rate_per_s = 400
duration_s = 6
"""


@pytest.fixture
def quota_story(make_story):
    """Calls of each action, evenly spaced; the first `admitted_per_s` of each second admitted."""

    def make(admitted_per_s=300, offered_per_s=400, answered_after_s=0.002, **record):
        story = make_story(SCENARIO, **record)
        with (story.folder / "calls.jsonl").open("w") as file:
            for action in CALLED_ACTIONS:
                for n in range(offered_per_s * 6):
                    second, place = divmod(n, offered_per_s)
                    at_s = second + place / offered_per_s
                    admitted = place < admitted_per_s
                    row = {
                        "at_s": at_s,
                        "intended_s": at_s,
                        "completed_s": at_s + answered_after_s,
                        "action": action,
                        "outcome": "admitted" if admitted else "throttled",
                    }
                    file.write(json.dumps(row) + "\n")
        story.event("queue", at_s=0.5, event="received", queue="emails.fifo")
        return story

    return make


def test_300_admitted_of_400_offered_is_verified(quota_story):
    verdict = quotas.check(quota_story().history())
    assert verdict.outcome is Outcome.VERIFIED
    assert verdict.figures["SendMessage.admitted_per_s"] == 300


@pytest.mark.parametrize("admitted_per_s", [290, 310, 0, 400])
def test_another_quota_refutes(quota_story, admitted_per_s):
    verdict = quotas.check(quota_story(admitted_per_s).history())
    assert verdict.outcome is Outcome.REFUTED
    assert {offence.id for offence in verdict.offences} == set(CALLED_ACTIONS)


def test_too_few_admitted_of_calls_that_came_in_bunches_is_inconclusive(quota_story):
    """A starved machine delays calls and then makes them all at once; no quota is to blame."""
    verdict = quotas.check(quota_story(290, answered_after_s=0.2).history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "came in bunches (p99 answered 200 ms after they were due)" in verdict.reasons[0]


def test_too_many_admitted_refutes_however_the_calls_came(quota_story):
    verdict = quotas.check(quota_story(310, answered_after_s=0.2).history())
    assert verdict.outcome is Outcome.REFUTED


def test_a_second_in_which_everything_passed_refutes_though_the_average_is_right(quota_story):
    phase = Phase(name="load", start_s=0, end_s=6)
    story = quota_story(phases=[phase])
    for n in range(400):
        row = {"queue": "emails.fifo", "dedup_id": f"k{n}", "sequence": "0"}
        story.event("queue", at_s=2 + n / 400, event="stored", **row)
    verdict = quotas.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.offences[0].what == "400 stored within one second; claimed: 300"


def test_300_in_one_second_is_the_quota(quota_story):
    story = quota_story(phases=[Phase(name="load", start_s=0, end_s=6)])
    for n in range(300):
        row = {"queue": "emails.fifo", "dedup_id": f"k{n}", "sequence": "0"}
        story.event("queue", at_s=2 + n / 300, event="stored", **row)
    assert quotas.check(story.history()).outcome is Outcome.VERIFIED


def test_over_admission_refutes_even_without_an_overload(quota_story):
    story = quota_story(admitted_per_s=320, offered_per_s=320)
    assert quotas.check(story.history()).outcome is Outcome.REFUTED


def test_without_overload_it_is_inconclusive(quota_story):
    verdict = quotas.check(quota_story(admitted_per_s=300, offered_per_s=310).history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "no overload" in verdict.reasons[0]


def test_throttled_send_that_was_stored_refutes(quota_story):
    story = quota_story()
    story.invoke("k1")
    story.outcome("fail", "k1")
    story.stored("k1")
    verdict = quotas.check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert [offence.id for offence in verdict.offences] == ["k1"]


def test_admitted_send_that_was_lost_refutes(quota_story):
    story = quota_story()
    story.invoke("k1")
    story.stored("k1")
    story.outcome("ok", "k1", email_id="k1")
    assert quotas.check(story.history()).outcome is Outcome.REFUTED


def test_queue_that_did_not_drain_is_inconclusive(quota_story):
    assert quotas.check(quota_story(drained=False).history()).outcome is Outcome.INCONCLUSIVE
