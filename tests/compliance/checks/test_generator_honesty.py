"""The doubts that keep an experiment from verifying anything, each planted once."""

import json

import pytest

from compliance.checks.generator_honesty import doubts
from scenarios.arrivals import call_arrivals, email_arrivals
from scenarios.evidence import Phase
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
LOAD = Phase(name="load", start_s=100, end_s=102)
FAULT = """
[[faults]]
label = "gone"
kind = "outage"
"""


@pytest.fixture
def load_story(make_story):
    """An experiment that sent what its seed says, `late_s` after the intended times."""

    def make(*, late_s=0.001, sent_share=1.0, displaced_s=0.0, group=None, **record):
        toml = record.pop("toml", EMAILS)
        story = make_story(toml, **{"seed": 4, "key_prefix": "s4", "phases": [LOAD], **record})
        story.event("metrics", source="generator", name="cpu_share", value=0.2)
        arrivals = list(email_arrivals(parse_scenario(toml, "test").load, 4, "s4"))
        for arrival in arrivals[: round(len(arrivals) * sent_share)]:
            story.event(
                "sender",
                at_s=LOAD.start_s + arrival.intended_s + displaced_s + late_s,
                intended_s=LOAD.start_s + arrival.intended_s + displaced_s,
                kind="invoke",
                key=arrival.key,
                group=group or arrival.group,
                attempt=1,
            )
        return story

    return make


def test_honest_generator_raises_no_doubt(load_story):
    assert doubts(load_story().history()) == []


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"late_s": 0.2}, "off: p99 200 ms"),
        ({"late_s": -0.2}, "off: p99 200 ms"),
        ({"displaced_s": 0.5}, "meant for another time or group"),
        ({"group": "group-9999"}, "meant for another time or group"),
        ({"seed": 5}, "meant for another time or group"),
        ({"key_prefix": "s5"}, "that the seed does not plan"),
        ({"phases": []}, "the load never began"),
        ({"sent_share": 0.9}, "under 99%"),
        ({"sent_share": 0}, "sent 0 of"),
        ({"toml": EMAILS + FAULT}, "planned fault gone never fired"),
    ],
)
def test_each_dishonesty_is_named(load_story, planted, said):
    found = doubts(load_story(**planted).history())
    assert any(said in doubt for doubt in found), found


def fault_story(load_story, rows):
    story = load_story(toml=EMAILS + FAULT)
    for event, at_s in rows:
        story.event("faults", at_s=LOAD.start_s + at_s, event=event, fault="gone")
    return story


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("start", 0), ("fired", 1), ("end", 2)], None),
        ([("start", 0), ("end", 2)], "planned fault gone never fired"),
        ([("fired", 1)], "nobody saw when the planned fault gone began and ended"),
        ([("start", 0), ("fired", 0.1), ("end", 0.2)], "planned fault gone lasted 0.2 s of 2.0 s"),
    ],
)
def test_a_fault_must_fire_and_last_as_planned(load_story, rows, said):
    found = doubts(fault_story(load_story, rows).history())
    assert [said in doubt for doubt in found] == ([True] if said else [])


@pytest.mark.parametrize(("share", "is_doubted"), [(0.5, False), (0.99, True)])
def test_generator_that_needs_all_of_a_core_may_be_the_bottleneck(load_story, share, is_doubted):
    story = load_story()
    for _ in range(9):
        story.event("metrics", source="generator", name="cpu_share", value=share)
    assert any("bottleneck" in doubt for doubt in doubts(story.history())) == is_doubted


def test_a_generator_that_nobody_watched_is_doubted(load_story):
    story = load_story()
    (story.folder / "metrics.jsonl").unlink()
    assert "nobody measured" in doubts(story.history())[0]


@pytest.fixture
def calls_story(make_story):
    """Calls of the named actions, in the share of what was planned."""

    def make(shares):
        story = make_story(CALLS, seed=4, key_prefix="s4", phases=[LOAD])
        story.event("metrics", source="generator", name="cpu_share", value=0.2)
        arrivals = list(call_arrivals(parse_scenario(CALLS, "test").load, "s4"))
        with (story.folder / "calls.jsonl").open("w") as file:
            for action, share in shares.items():
                for arrival in arrivals[: round(len(arrivals) * share)]:
                    at_s = LOAD.start_s + arrival.intended_s
                    row = {"at_s": at_s, "intended_s": at_s, "action": action}
                    row["outcome"] = "admitted"
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
