"""Evidence that is not whole, or not of one experiment, each planted once."""

import pytest

from compliance.checks.coherence import doubts
from scenarios.evidence import Phase

LOAD = Phase(name="load", start_s=0, end_s=1)
FAULT = """
[[faults]]
label = "gone"
kind = "outage"
"""


@pytest.fixture
def whole_story(make_story):
    """Five good emails within the load."""

    def make(**record):
        story = make_story(**{"phases": [LOAD], "key_prefix": "k", **record})
        for number in range(5):
            story.healthy(f"k{number}")
        return story

    return make


def test_whole_evidence_raises_no_doubt(whole_story):
    assert doubts(whole_story().history()) == []


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"interrupted": "stopped"}, "did not run to its end: stopped"),
        ({"problems": ["worker ended with exit code 1"]}, "worker ended with exit code 1"),
        ({"key_prefix": "other"}, "5 emails bear keys of another experiment"),
        ({"phases": [Phase(name="load", start_s=50, end_s=60)]}, "outside the experiment's time"),
    ],
)
def test_records_that_do_not_fit_are_named(whole_story, record, said):
    found = doubts(whole_story(**record).history())
    assert any(said in doubt for doubt in found), found


def unanswered(story):
    story.invoke("k9")


def refused(story):
    story.invoke("k9")
    story.outcome("info", "k9", status=503)


def parked(story):
    story.invoke("k9")
    story.stored("em_k9")
    story.outcome("ok", "k9", email_id="em_k9")
    story.parked("em_k9")


def nameless(story):
    story.event("sink", key="k0", email_id="em_k0")


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (unanswered, "1 attempts never came to an end"),
        (refused, "5 of 6 emails were accepted in the end, under 99%"),
        (parked, "1 emails were parked, though nothing was broken"),
        (nameless, "recorded without recipients"),
    ],
)
def test_a_pipeline_that_did_not_work_is_doubted(whole_story, plant, said):
    story = whole_story()
    plant(story)
    found = doubts(story.history())
    assert any(said in doubt for doubt in found), found
