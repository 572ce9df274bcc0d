"""A provider that is down: how many calls reach it is counted in its own journal."""

import pytest

from compliance.checks.provider_spared import CALLS_FIRST, check
from compliance.verdict import Outcome

SCENARIO = """
name = "hand-made"
summary = "written by a test"
claims = ["provider-spared"]
providers = ["ses", "sendgrid"]
[load]
kind = "emails"
rate_per_s = 10
duration_s = 20
[[faults]]
label = "down"
at = "provider"
provider = "ses"
kind = "{kind}"
start_s = 2
end_s = 12
{more}
"""
FROM_S, LASTED_S = 2.0, 10.0
ALLOWED = CALLS_FIRST + 10
MANY = 3 * ALLOWED


@pytest.fixture
def down(make_story):
    """The verdict on so many calls, while so many emails were accepted."""

    def told(calls, emails=MANY, *, kind="unavailable", more="", is_ended=True):
        story = make_story(SCENARIO.format(kind=kind, more=more))
        row = {"fault": "down", "kind": kind, "action": "ses"}
        story.event("faults", at_s=FROM_S, event="start", **row)
        for n in range(calls):
            story.event("faults", at_s=FROM_S + n / calls * LASTED_S, event="fired", **row)
        if is_ended:
            story.event("faults", at_s=FROM_S + LASTED_S, event="end", **row)
        for n in range(emails):
            at_s = FROM_S + (n + 0.5) / emails * LASTED_S
            story.event("sender", at_s=at_s, kind="ok", key=f"k{n}", attempt=1, status=202)
        return check(story.history())

    return told


@pytest.mark.parametrize("kind", ["unavailable", "throttle", "outage"])
def test_a_provider_that_is_asked_now_and_then_is_spared(down, kind):
    verdict = down(ALLOWED, kind=kind)
    assert verdict.outcome is Outcome.VERIFIED
    assert verdict.figures == {"calls": ALLOWED, "emails": MANY, "down_s": LASTED_S}


def test_a_provider_that_is_asked_for_every_email_is_not(down):
    verdict = down(MANY)
    assert verdict.outcome is Outcome.REFUTED
    (offence,) = verdict.offences
    assert offence.id == "down"
    assert f"{MANY} calls to ses while it was down, where {ALLOWED} are enough" in offence.what


def test_few_emails_prove_nothing(down):
    verdict = down(5, emails=2 * ALLOWED - 1)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "69 emails while ses was down are too few to tell" in verdict.reasons[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "reject"},
        {"kind": "lose-answer"},
        {"more": "probability = 0.9"},
        {"more": "period_s = 2"},
        {"is_ended": False},
    ],
    ids=["it works", "it delivers", "now and then", "it flaps", "nobody saw its end"],
)
def test_a_provider_that_was_not_down_throughout_tells_nothing(down, changes):
    verdict = down(MANY, **changes)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons[0].startswith("no provider was down for a while")
