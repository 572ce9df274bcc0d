"""The command that replays an experiment: the same scenario, seed, target and parts."""

import hashlib

import pytest

from compliance.replay import replay_command
from scenarios.configuration import load_configuration
from scenarios.evidence import ExperimentRecord, Plan, write_record
from scenarios.model import load_scenario

SCENARIO, TEXT = load_scenario("baseline")
OTHER = TEXT + "\n# changed since\n"


@pytest.fixture
def command(tmp_path):
    def make(text=TEXT, name="baseline", is_simulated=False, built="", built_toml="", **record):
        run = tmp_path / "runs" / "20260101T000000Z-x"
        (run / name).mkdir(parents=True, exist_ok=True)
        (run / name / "scenario.toml").write_text(text)
        fields = {"name": name, "scenario": name, "scenario_toml": text, "seed": 7}
        fields |= {"configuration": built, "configuration_toml": built_toml}
        (run / name / "configuration.toml").write_text(built_toml)
        fields |= {"started_at": "2026-01-01T00:00:00+00:00", "origin_s": 0.0, **record}
        write_record(run / name / "experiment.json", ExperimentRecord(**fields))
        digest = hashlib.sha256(text.encode()).hexdigest()
        plan = Plan(
            scenario=name,
            scenario_sha256=digest,
            configuration=built,
            configuration_sha256=hashlib.sha256(built_toml.encode()).hexdigest(),
            claims=[],
            is_simulated=is_simulated,
        )
        return replay_command(run, name, plan, 7)

    return make


def test_a_scenario_of_the_catalogue_is_called_by_its_name(command):
    assert command() == "queueproof run baseline --seed 7"


def test_a_scenario_that_has_changed_or_is_no_part_of_it_is_read_from_the_run(command):
    kept = "runs/20260101T000000Z-x/baseline/scenario.toml"
    assert command(text=OTHER) == f"queueproof run {kept} --seed 7"


def test_another_configuration_than_the_usual_one_is_named(command):
    assert command(built="fifo", built_toml=load_configuration("fifo")[1]) == command()
    told = command(built="fifo-ht", built_toml=load_configuration("fifo-ht")[1])
    assert told == "queueproof run baseline --configuration fifo-ht --seed 7"


def test_the_configuration_that_a_scenario_is_written_for_needs_no_name(command):
    _, storm = load_scenario("storm")
    fifo, batched = (load_configuration(name)[1] for name in ("fifo", "fifo-batched"))
    told = command(text=storm, name="storm", built="fifo-batched", built_toml=batched)
    assert told == "queueproof run storm --seed 7"
    told = command(text=storm, name="storm", built="fifo", built_toml=fifo)
    assert told == "queueproof run storm --configuration fifo --seed 7"


def test_a_configuration_that_is_none_of_ours_is_read_from_the_run(command):
    kept = "runs/20260101T000000Z-x/baseline/configuration.toml"
    assert f"--configuration {kept} " in command(built="mine", built_toml="mine")


def test_a_simulated_run_is_simulated_again(command):
    assert command(is_simulated=True, target="sim") == "queueproof run baseline --sim --seed 7"


def test_somebody_else_s_service_is_named_again_and_quoted(command):
    told = command(target="http://127.0.0.1:8080/a b")
    assert told == "queueproof run baseline --target 'http://127.0.0.1:8080/a b' --seed 7"


def test_a_broken_twin_takes_its_place_again(command):
    told = command(modules={"worker": "tests.planted.forgetful"})
    assert "--replace=worker=tests.planted.forgetful --seed 7 baseline" in told
    assert "queueproof.gallery.trial" in told


def test_before_an_experiment_began_its_plan_decides(tmp_path):
    plan = Plan(scenario="baseline", scenario_sha256="0", claims=[])
    assert replay_command(tmp_path, "baseline", plan, 3) == "queueproof run baseline --seed 3"
