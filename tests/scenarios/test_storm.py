"""Storms: the seed alone decides, everything can be seen to fire, and the end is calm."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scenarios import storm
from scenarios.faults import Storm, StormKind
from scenarios.model import ScenarioError, parse_scenario
from scenarios.storm import FROM, LENGTH, UNTIL, drawn_faults, planned_faults

TEXT = """
name = "try"
summary = "a try"
[load]
kind = "emails"
rate_per_s = 10
duration_s = 60
[[faults]]
label = "gone"
kind = "outage"
[storm]
"""
KINDS = StormKind.__args__

storms = st.builds(
    Storm, kinds=st.lists(st.sampled_from(KINDS), min_size=1), count=st.integers(1, 50)
)
seeds = st.integers(0, 2**32)


def scenario_with(drawn_from, duration_s=60.0):
    scenario = parse_scenario(TEXT, "try.toml")
    load = scenario.load.model_copy(update={"duration_s": duration_s})
    return scenario.model_copy(update={"storm": drawn_from, "load": load})


def end_s(fault):
    return fault.start_s + fault.down_s if fault.at == "process" else fault.end_s


def place(fault):
    """What a fault makes unusable, said apart from how the storm says it."""
    if fault.at in {"sqs", "provider"}:
        return {"sqs": "sqs", "provider": "sink"}[fault.at]
    return fault.between if fault.at == "network" else fault.component


def overlapping(faults):
    """Pairs of faults of one place that are at work at once."""
    return [
        (one.label, other.label)
        for n, one in enumerate(faults)
        for other in faults[n + 1 :]
        if place(one) == place(other) and other.start_s < end_s(one)
    ]


@given(storms, seeds)
def test_the_seed_alone_decides(drawn_from, seed):
    scenario = scenario_with(drawn_from)
    assert drawn_faults(scenario, seed) == drawn_faults(scenario, seed)


def test_seeds_differ():
    scenario = scenario_with(Storm())
    drawn = [str(drawn_faults(scenario, seed)) for seed in range(20)]
    assert len(set(drawn)) == 20


@given(storms, seeds, st.floats(50, 3_600))
def test_as_many_as_asked_of_the_kinds_asked_and_the_end_is_calm(drawn_from, seed, duration_s):
    faults = drawn_faults(scenario_with(drawn_from, duration_s), seed)
    assert len(faults) == drawn_from.count == len({fault.label for fault in faults})
    assert {f"{fault.at}-{fault.kind}" for fault in faults} <= set(drawn_from.kinds)
    assert all(fault.start_s >= duration_s * FROM - 0.001 for fault in faults)
    assert all(end_s(f) <= duration_s * (UNTIL + LENGTH[1] / drawn_from.count) for f in faults)


@given(storms, seeds)
@example(Storm(kinds=["sqs-outage"], count=50), 1)
def test_faults_of_one_place_do_not_overlap_and_each_lasts(drawn_from, seed):
    faults = drawn_faults(scenario_with(drawn_from), seed)
    slot_s = 60 * (UNTIL - FROM) / drawn_from.count
    assert not overlapping(faults)
    assert min(end_s(fault) - fault.start_s for fault in faults) >= slot_s * 0.4


@given(seeds)
def test_each_fault_has_a_moment_to_itself(seed):
    """Else one that only meets calls that another one has already stopped could never fire."""
    faults = drawn_faults(scenario_with(Storm()), seed)
    for fault in faults:
        others = [other for other in faults if other is not fault]
        moments = [fault.start_s + k * (end_s(fault) - fault.start_s) / 200 for k in range(200)]
        assert any(
            all(not other.start_s <= moment <= end_s(other) for other in others)
            for moment in moments
        )


def test_planted_bug_two_faults_of_one_place_at_once_is_seen(monkeypatch):
    scenario = scenario_with(Storm(kinds=["sqs-outage"], count=50))
    assert not overlapping(drawn_faults(scenario, 1))
    monkeypatch.setattr(storm, "GAP", -0.5)
    assert overlapping(drawn_faults(scenario, 1))


def test_every_kind_is_drawn_now_and_then():
    scenario = scenario_with(Storm())
    drawn = {f"{f.at}-{f.kind}" for seed in range(60) for f in drawn_faults(scenario, seed)}
    assert drawn == set(KINDS)


def test_named_faults_come_before_drawn_ones():
    scenario = parse_scenario(TEXT, "try.toml")
    planned = planned_faults(scenario, 1)
    assert [fault.label for fault in planned[:1]] == ["gone"]
    assert planned[1:] == drawn_faults(scenario, 1)


def test_a_control_has_no_storm():
    scenario = parse_scenario(f"{TEXT}[control]\nduration_s = 2\n", "try.toml")
    assert planned_faults(scenario.as_control(), 1) == []


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("count = 61", "count: .*less than or equal to 50 .*61"),
        ("count = 0", "count: .*greater than or equal to 1"),
        ("kinds = []", "kinds: .*at least 1"),
        ('kinds = ["flood"]', "kinds.0: .*'sqs-refuse'.*'flood'"),
    ],
)
def test_a_storm_that_makes_no_sense_is_refused(more, named):
    with pytest.raises(ScenarioError, match=rf"try.toml: storm.{named}"):
        parse_scenario(TEXT + more, "try.toml")


def test_more_faults_than_seconds_are_refused():
    text = TEXT.replace("duration_s = 60", "duration_s = 11")
    with pytest.raises(ScenarioError, match="storm: count must be at most one fault for each sec"):
        parse_scenario(text, "try.toml")


def test_labels_of_the_storm_are_its_own():
    text = TEXT.replace('label = "gone"', 'label = "storm-1"')
    with pytest.raises(ScenarioError, match="labels that begin with storm- are the storm's own"):
        parse_scenario(text, "try.toml")
