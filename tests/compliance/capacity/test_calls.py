"""Trials of direct calls: a quota shows as throttled calls, and is named."""

import pytest

from compliance.capacity.calls import judge_calls_trial
from compliance.capacity.objective import Objective
from scenarios.evidence import Phase
from scenarios.model import CALLED_ACTIONS

SCENARIO = """
name = "trial"
summary = "one rate"
load = { kind = "sqs-calls", rate_per_s = 100, duration_s = 8, senders = 50 }
"""
RATE, SECONDS, START_S = 100, 8, 50.0


@pytest.fixture
def trial(make_story):
    """`outcome(action, n)` is the service's; `answer_s(n)` how long it takes."""

    def run(outcome=lambda action, n: "admitted", *, answer_s=lambda n: 0.005, late_s=0.0):
        phases = [Phase(name="load", start_s=START_S, end_s=START_S + SECONDS + 1)]
        story = make_story(SCENARIO, "trial", phases=phases, drained=True)
        for action in CALLED_ACTIONS:
            for n in range(RATE * SECONDS):
                due_s = START_S + n / RATE
                row = {"at_s": due_s + late_s, "intended_s": due_s, "messages": 1}
                row |= {"completed_s": due_s + late_s + answer_s(n)}
                story.event("calls", action=action, outcome=outcome(action, n), **row)
        for second in range(SECONDS):
            row = {"source": "sqs", "name": "cpu_share", "value": 0.2}
            story.event("metrics", at_s=START_S + second + 0.5, **row)
        history = story.history()
        try:
            return judge_calls_trial(history, Objective(), cpu_count=2)
        finally:
            history.close()

    return run


def test_calls_that_are_all_admitted_in_time_meet_the_objective(trial):
    verdict = trial()
    assert (verdict.missed, verdict.doubts, verdict.limit) == ([], [], None)
    assert verdict.figures.accepted_per_s == pytest.approx(RATE)


@pytest.mark.parametrize("action", CALLED_ACTIONS)
def test_one_call_in_a_hundred_throttled_is_the_quota_of_its_action(trial, action):
    verdict = trial(lambda a, n: "throttled" if a == action and n % 100 == 99 else "admitted")
    assert verdict.missed == [f"1.0% of the {action} calls throttled"]
    assert verdict.limit.kind == "quota"
    assert f"quota of {action} calls: 99.0/s admitted" in verdict.limit.what


def test_a_throttled_bunch_is_no_quota(trial):
    assert trial(lambda a, n: "throttled" if n in {200, 201} else "admitted").missed == []


def test_failed_calls_are_not_held(trial):
    verdict = trial(lambda a, n: "error" if n == 5 else "admitted")
    assert verdict.missed[0] == "1 SendMessage calls failed"


def test_slow_answers_are_not_held(trial):
    slow = trial(answer_s=lambda n: 1.5 if n % 50 == 0 else 0.005)
    assert slow.missed == ["p99 of SendMessage 1,500 ms, over 1,000 ms"]


def test_a_late_generator_proves_nothing(trial):
    verdict = trial(late_s=0.1)
    assert verdict.missed == []
    assert verdict.limit.kind == "generator"
