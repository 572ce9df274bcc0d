"""An email that waits for ever refutes no-loss where the scenario says how long is too long."""

import pytest

from compliance.checks.delivery import check
from compliance.verdict import Outcome
from scenarios.evidence import Phase

BOUND_S = 10
SCENARIO = f"""
name = "hand-made"
summary = "written by a test"

[load]
kind = "emails"
rate_per_s = 10
duration_s = 1

[expect]
sample_min = 1
stuck_after_s = {BOUND_S}
"""
UNBOUNDED = SCENARIO.replace("stuck_after_s", "# stuck_after_s")


@pytest.fixture
def told(make_story):
    """The verdict on "b" waiting while "c", accepted later, is delivered; time in seconds."""

    def tell(scenario=SCENARIO, *, ends_at_s=60, healed_at_s=0, is_overtaken=True, **record):
        phases = [Phase(name="drain", start_s=0, end_s=ends_at_s)]
        story = make_story(scenario, **{"drained": False, "phases": phases, **record})
        story.healthy("a")
        story.invoke("b")
        story.stored("em_b")
        story.outcome("ok", "b", email_id="em_b")
        if is_overtaken:
            story.healthy("c")
        story.event("faults", at_s=healed_at_s, event="end", fault="x")
        return check(story.history())

    return tell


def test_what_waited_too_long_after_all_was_well_is_stuck(told):
    verdict = told(healed_at_s=30)
    assert verdict.outcome is Outcome.REFUTED
    assert [(offence.id, offence.what) for offence in verdict.offences] == [
        ("em_b", "202, and 10 s after all was well neither delivered nor parked")
    ]
    assert verdict.figures["stuck"] == verdict.offence_count == 1


@pytest.mark.parametrize(
    "circumstance",
    [
        {"ends_at_s": BOUND_S - 1},  # it did not wait so long
        {"healed_at_s": 60 - BOUND_S + 1},  # nor since the last fault was over
        {"is_overtaken": False},  # nobody got on: the whole pipeline may be slow
        {"scenario": UNBOUNDED},  # nobody said how long is too long
    ],
)
def test_what_may_only_be_late_is_not_stuck(told, circumstance):
    assert told(**circumstance).outcome is Outcome.INCONCLUSIVE


def test_when_the_queue_drained_it_is_lost_and_not_stuck(told):
    verdict = told(drained=True)
    assert (verdict.figures["lost"], verdict.figures["stuck"]) == (1, 0)
