"""The doubts that keep an experiment from verifying anything, each planted once."""

import json

import pytest

from compliance.checks.generator_honesty import doubts
from scenarios.arrivals import call_arrivals, email_arrivals
from scenarios.model import parse_scenario

EMAILS = """
name = "hand-made"
summary = "written by a test"

[load]
kind = "emails"
rate_per_s = 50
duration_s = 2
"""
CALLS = """
name = "hand-made"
summary = "written by a test"

[load]
kind = "sqs-calls"
rate_per_s = 50
duration_s = 2
"""
FAULT = """
[[faults]]
label = "gone"
kind = "outage"
"""


@pytest.fixture
def load_story(make_story):
    """An experiment that sent what its seed says, `late_s` after the intended times."""

    def make(*, late_s=0.001, sent_share=1.0, toml=EMAILS, **record):
        story = make_story(toml, seed=4, **record)
        arrivals = list(email_arrivals(parse_scenario(toml, "test").load, 4, "s4"))
        for arrival in arrivals[: round(len(arrivals) * sent_share)]:
            story.event(
                "sender",
                at_s=arrival.intended_s + late_s,
                intended_s=arrival.intended_s,
                kind="invoke",
                key=arrival.key,
                attempt=1,
            )
        return story

    return make


def test_honest_generator_raises_no_doubt(load_story):
    assert doubts(load_story().history()) == []


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"late_s": 0.2}, "late: p99 200 ms"),
        ({"sent_share": 0.9}, "under 99%"),
        ({"sent_share": 0}, "sent 0 of"),
        ({"interrupted": "stopped"}, "did not run to its end: stopped"),
        ({"problems": ["worker ended with exit code 1"]}, "worker ended with exit code 1"),
        ({"toml": EMAILS + FAULT}, "planned fault gone never fired"),
    ],
)
def test_each_dishonesty_is_named(load_story, planted, said):
    found = doubts(load_story(**planted).history())
    assert any(said in doubt for doubt in found), found


def test_fault_that_fired_raises_no_doubt(load_story):
    story = load_story(toml=EMAILS + FAULT)
    story.event("faults", event="fired", fault="gone")
    assert doubts(story.history()) == []


@pytest.mark.parametrize(("share", "is_doubted"), [(0.5, False), (0.99, True)])
def test_generator_that_needs_all_of_a_core_may_be_the_bottleneck(load_story, share, is_doubted):
    story = load_story()
    for _ in range(3):
        story.event("metrics", source="generator", name="cpu_share", value=share)
    assert any("bottleneck" in doubt for doubt in doubts(story.history())) == is_doubted


@pytest.fixture
def calls_story(make_story):
    """Calls of the named actions, in the share of what was planned."""

    def make(shares):
        story = make_story(CALLS, seed=4)
        arrivals = list(call_arrivals(parse_scenario(CALLS, "test").load, 4, "s4"))
        with (story.folder / "calls.jsonl").open("w") as file:
            for action, share in shares.items():
                for arrival in arrivals[: round(len(arrivals) * share)]:
                    at_s = arrival.intended_s
                    row = {"at_s": at_s, "intended_s": at_s, "action": action}
                    file.write(json.dumps(row) + "\n")
        return story

    return make


ALL = {"SendMessage": 1, "ReceiveMessage": 1, "DeleteMessage": 1}


def test_honest_calls_raise_no_doubt(calls_story):
    assert doubts(calls_story(ALL).history()) == []


@pytest.mark.parametrize("action", ALL)
@pytest.mark.parametrize("share", [0, 0.5])
def test_calls_that_were_not_made_are_named(calls_story, action, share):
    found = doubts(calls_story(ALL | {action: share}).history())
    assert any(doubt.startswith(f"{action}: the generator sent") for doubt in found), found
