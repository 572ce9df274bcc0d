"""`queueproof run --sim`: what it prints, what it exits with, and what it refuses."""

import json

import pytest
from typer.testing import CliRunner

from compliance.verdict import Outcome
from loadtests.sim.campaign import Campaign
from queueproof import simulate
from queueproof.cli import app
from queueproof.simulate import check_simulable, outcome_of, try_seeds
from queueproof.suite import SuiteError
from scenarios.evidence import SIMULATED, read_experiment, read_manifest

CALM = """
name = "calm"
summary = "Little is broken."
claims = ["no-loss", "no-false-ack", "order"]
[load]
kind = "emails"
rate_per_s = 1
duration_s = 20
[[faults]]
label = "refused"
kind = "refuse"
actions = ["SendMessage"]
probability = 0.5
"""


@pytest.fixture
def calm(tmp_path):
    path = tmp_path / "calm.toml"
    path.write_text(CALM)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(app, ["run", *arguments])


def test_many_seeds_are_tried_and_told_for_a_machine(calm):
    result = run(calm, "--sim", "--seeds", "5", "--jobs", "1", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (told["outcome"], told["seeds"], told["failing"], told["story"]) == (
        "verified",
        5,
        [],
        [],
    )
    assert told["emails"]["acknowledged"] == told["emails"]["delivered"] > 50
    assert told["faults_fired"] == {"sqs-refuse": 5}


def test_and_told_for_people(calm):
    result = run(calm, "--sim", "--seeds", "3", "--jobs", "1", "--quiet")
    assert result.exit_code == 0
    assert "calm, simulated: verified; 3 seeds" in result.stdout
    assert "3 of 3 planned faults fired:\n    sqs-refuse 3/3\n" in result.stdout
    assert "0 lost, 0 false ack, 0 duplicated, 0 reordered, 0 swallowed" in result.stdout


def test_one_seed_becomes_a_run_that_is_judged(calm, tmp_path):
    result = run(calm, "--sim", "--seed", "4", "--runs-dir", str(tmp_path / "runs"), "--json")
    folder = (tmp_path / "runs" / "latest").resolve()
    claims = {claim["claim"]: claim for claim in json.loads(result.stdout)["claims"]}
    assert result.exit_code == 0, result.stdout
    assert claims["no-loss"]["outcome"] == "verified"
    assert claims["no-loss"]["verdicts"][0]["replay"] == "queueproof run calm --sim --seed 4"
    assert read_experiment(folder / "calm").target == SIMULATED
    assert read_manifest(folder).plans["calm"].is_simulated
    assert (folder / "report.html").exists()


def test_a_failing_seed_is_named_and_its_story_told(calm, monkeypatch):
    failing = Campaign(seeds=1, elapsed_s=1.0, failing=[(9, "lost", "sim-9-000001")])
    monkeypatch.setattr(simulate, "run_campaign", lambda *_, **__: failing)
    monkeypatch.setattr(simulate, "_story", lambda *_: ["lost: sim-9-000001 is gone"])
    told = try_seeds(calm, range(9, 10), jobs=1, as_json=False, quiet=True)
    assert told.outcome is Outcome.REFUTED
    assert "seed 9 fails: lost sim-9-000001; queueproof run calm --sim --seed 9" in told.text
    assert told.text.endswith("seed 9, made short:\nlost: sim-9-000001 is gone")


@pytest.mark.parametrize(
    ("campaign", "outcome"),
    [
        (Campaign(counts={"acknowledged": 9}, fired={"sqs-outage": 1}), Outcome.VERIFIED),
        (Campaign(counts={"acknowledged": 9}), Outcome.INCONCLUSIVE),
        (Campaign(counts={"acknowledged": 0}, fired={"sqs-outage": 1}), Outcome.INCONCLUSIVE),
        (
            Campaign(counts={"acknowledged": 9}, fired={"x": 1}, doubtful=[(1, "not drained")]),
            Outcome.INCONCLUSIVE,
        ),
        (Campaign(doubtful=[(1, "x")], failing=[(2, "lost", "k")]), Outcome.REFUTED),
    ],
)
def test_what_broke_nothing_or_saw_no_end_does_not_pass(campaign, outcome):
    assert outcome_of(campaign) is outcome


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"seeds": 5}, "add --sim"),
        ({"is_simulated": True, "jobs": 2}, "add --seeds"),
        ({"is_simulated": True, "seeds": 5, "scenarios": ["a", "b"]}, "one scenario"),
        ({"is_simulated": True, "target": "http://127.0.0.1"}, "leave --target out"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, wanted):
    usual = {"scenarios": ["a"], "is_simulated": False, "seeds": 0, "jobs": 0, "target": ""}
    with pytest.raises(SuiteError, match=wanted):
        check_simulable(**{**usual, **options})
