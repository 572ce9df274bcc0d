"""Scenario files: the catalogue is whole, and what is wrong is named with file, key and value."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.model import (
    LogScan,
    Scenario,
    ScenarioError,
    catalog_names,
    load_claims,
    load_scenario,
    parse_scenario,
)

GOOD = """
name = "try"
summary = "a try"
claims = ["no-loss"]
[load]
kind = "emails"
rate_per_s = 10
duration_s = 5
[[faults]]
label = "gone"
kind = "outage"
start_s = 1
end_s = 2
[control]
duration_s = 2
"""


def test_catalogue_is_readable_and_named_after_its_files():
    for name in catalog_names():
        assert load_scenario(name)[0].name == name


def test_only_claims_that_no_scenario_tries_name_commands_to_see_instead():
    claims = {claim.id: claim for claim in load_claims()}
    assert claims["queue-pool"].see
    assert not [claim.id for claim in claims.values() if claim.see and claim.scenarios]


def test_claims_and_scenarios_name_each_other():
    """Each claim lists exactly the scenarios that try it, and each scan scans known runs."""
    scenarios = {name: load_scenario(name)[0] for name in catalog_names()}
    for claim in load_claims():
        trying = {name for name, scenario in scenarios.items() if claim.id in scenario.claims}
        assert set(claim.scenarios) == trying, claim.id
    known = {claim.id for claim in load_claims()}
    for scenario in scenarios.values():
        assert set(scenario.claims) <= known
        if isinstance(scenario.load, LogScan):
            assert set(scenario.load.of) <= scenarios.keys()


def test_control_is_the_same_load_without_faults_and_shorter():
    scenario = parse_scenario(GOOD, "try.toml")
    control = scenario.as_control()
    assert control.faults == []
    assert control.load == scenario.load.model_copy(update={"duration_s": 2})


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("rate_per_s = 10", "rate_per_s = -10", "load.emails.rate_per_s: .*greater than 0.*-10"),
        ("rate_per_s = 10", 'rate_per_s = "fast"', "load.emails.rate_per_s: .*'fast'"),
        ("rate_per_s = 10", "rate_per_s = inf", "load.emails.rate_per_s: "),
        ("duration_s = 5", "duration = 5", "load.emails.duration_s: Field required"),
        ("duration_s = 5", "duration = 5", "load.emails.duration: Extra inputs"),
        ('kind = "emails"', 'kind = "letters"', "load: .*'emails', 'sqs-calls', 'log-scan'"),
        ('kind = "outage"', 'kind = "flood"', r"faults.0.sqs: .*'flood'"),
        ("end_s = 2", "end_s = 0.5", "faults.0.sqs.outage: .*end_s must be greater than start_s"),
        ('name = "try"', 'name = "../../etc"', "name: .*pattern"),
        ("duration_s = 5", "duration_s = 80_000_000", "load.emails.duration_s: .*86400"),
        ("rate_per_s = 10", "rate_per_s = 90_000_000", "load.emails.rate_per_s: .*100000"),
        (
            "rate_per_s = 10\nduration_s = 5",
            "rate_per_s = 99_999\nduration_s = 86_400",
            "load.emails: .*at most 10,000,000",
        ),
        ("rate_per_s = 10", "rate_per_s = " + "9" * 5_000, "not TOML"),
        ('name = "try"', "name = " + "[" * 30_000, "not TOML"),
        ('name = "try"', "name = ", "not TOML: .*line 2"),
        ('label = "gone"', "", "faults.0.sqs.outage.label: Field required"),
    ],
)
def test_what_is_wrong_is_named(old, new, named):
    with pytest.raises(ScenarioError, match=f"try.toml: {named}"):
        parse_scenario(GOOD.replace(old, new, 1), "try.toml")


def test_unknown_name_lists_what_there_is():
    with pytest.raises(ScenarioError, match=r"unknown scenario 'baselin'.*baseline, .*fifo-limit"):
        load_scenario("baselin")


@pytest.mark.parametrize("name", ["../catalog/baseline", "/etc/passwd", "", "a\x00b", "x" * 500])
def test_a_name_cannot_leave_the_catalogue(name):
    with pytest.raises(ScenarioError):
        load_scenario(name)


def test_missing_binary_and_huge_files_are_refused(tmp_path):
    with pytest.raises(ScenarioError, match="no such file"):
        load_scenario(str(tmp_path / "none.toml"))
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(ScenarioError, match="no such file"):
        load_scenario(str(tmp_path / "pipe.toml"))
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        load_scenario(str(binary))
    huge = tmp_path / "huge.toml"
    huge.write_text("#" * 100_000)
    with pytest.raises(ScenarioError, match="larger than"):
        load_scenario(str(huge))


@given(st.text(max_size=200))
def test_any_text_is_refused_clearly(text):
    with pytest.raises(ScenarioError, match=r"\Aany\.toml: "):
        parse_scenario(text, "any.toml")  # no text this short is a whole scenario


def test_hostile_values_are_shown_bounded_and_escaped():
    hostile = GOOD.replace('name = "try"', 'name = "' + "\\u001b[31m" + "x" * 500 + '"', 1)
    with pytest.raises(ScenarioError) as refusal:
        parse_scenario(hostile, "try.toml")
    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_schema_covers_every_field():
    assert Scenario.model_json_schema()["properties"].keys() == Scenario.model_fields.keys()
