"""Planning a run: what is needed, once, in order; and where it is written."""

import pytest

from queueproof.suite import SuiteError, check_configurable, create_run, plan
from scenarios.model import ScenarioError

SCAN = """
name = "my-scan"
summary = "x"
claims = ["no-pii-logs"]
[load]
kind = "log-scan"
of = ["mine"]
components = ["api"]
"""
MINE = """
name = "mine"
summary = "x"
[load]
kind = "emails"
rate_per_s = 1
duration_s = 1
"""


def names(planned):
    return [experiment.name for experiment in planned]


def test_a_control_comes_right_before_its_experiment():
    planned = plan(["sqs-write-failure"])
    assert names(planned) == ["sqs-write-failure.control", "sqs-write-failure"]
    assert planned[0].is_control
    assert planned[1].control == planned[0].name


def test_a_log_scan_brings_the_runs_whose_logs_it_reads():
    assert names(plan(["logs-clean"])) == [
        "baseline",
        "sqs-write-failure.control",
        "sqs-write-failure",
        "logs-clean",
    ]


def test_each_experiment_runs_once():
    assert names(plan(["baseline", "baseline"])) == ["baseline"]
    assert len(names(plan(["logs-clean", "baseline"]))) == 4


def test_a_scan_may_read_the_logs_of_a_scenario_given_by_path(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)
    (tmp_path / "scan.toml").write_text(SCAN)
    planned = plan([str(tmp_path / "mine.toml"), str(tmp_path / "scan.toml")])
    assert names(planned) == ["mine", "my-scan"]


def test_a_scan_of_a_scenario_that_nobody_knows_is_refused(tmp_path):
    (tmp_path / "scan.toml").write_text(SCAN)
    with pytest.raises(ScenarioError, match="unknown scenario 'mine'"):
        plan([str(tmp_path / "scan.toml")])


def test_a_configuration_goes_with_every_experiment(tmp_path):
    planned = plan(["sqs-write-failure"], "fifo-ht")
    assert {each.configuration.name for each in planned} == {"fifo-ht"}
    with pytest.raises(ScenarioError, match="unknown configuration 'fifo-pool-0'"):
        plan(["baseline"], "fifo-pool-0")


def test_calls_of_one_fifo_queue_cannot_go_to_another(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "mine"\nsummary = "x"\n[queue]\ntype="standard"\n')
    with pytest.raises(ScenarioError, match=r"fifo-limit: .* queue\.type standard"):
        plan(["fifo-limit"], str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(
    ("where", "told"),
    [({"target": "http://127.0.0.1:1"}, "--target"), ({"is_simulated": True}, "--sim")],
)
def test_a_configuration_is_refused_where_none_can_be_chosen(where, told):
    with pytest.raises(ScenarioError, match=f"'fifo-ht' does not go with {told}"):
        check_configurable("fifo-ht", **({"target": "", "is_simulated": False} | where))


def test_a_simulation_has_no_other_configuration_than_its_scenario_not_even_the_default():
    with pytest.raises(ScenarioError, match="'fifo' does not go with --sim"):
        check_configurable("fifo", target="", is_simulated=True)


def test_runs_of_one_second_get_folders_of_their_own(tmp_path):
    made = {create_run(tmp_path / "runs", "x") for _ in range(5)}
    assert len(made) == 5


def test_a_runs_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(SuiteError, match="--runs-dir"):
        create_run(tmp_path / "runs", "x")


def test_each_scenario_runs_on_the_configuration_that_it_is_written_for():
    planned = plan(["baseline", "storm"])
    assert [(p.name, p.configuration.name) for p in planned] == [
        ("baseline", "fifo"),
        ("storm.control", "fifo-batched"),
        ("storm", "fifo-batched"),
    ]
    assert {p.configuration.name for p in plan(["baseline", "storm"], "fifo-ht")} == {"fifo-ht"}
