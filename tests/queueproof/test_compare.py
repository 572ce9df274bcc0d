"""Planning a comparison: one experiment a configuration, and what cannot be compared is refused."""

import pytest

from queueproof.compare import check_compares_runs_alone, compared_work, plan_compared
from scenarios.model import ScenarioError

MINE = 'name = "mine"\nsummary = "x"\n[queue]\ntype = "fifo"\ncount = {count}\n'


def test_each_configuration_meets_the_same_work_under_its_own_name():
    planned = plan_compared(["fifo", "standard-worker"], "compare-quick")
    assert [each.name for each in planned] == ["fifo", "standard-worker"]
    assert [each.configuration.name for each in planned] == ["fifo", "standard-worker"]
    assert len({each.text for each in planned}) == 1


def test_a_scenario_s_control_comes_with_each_configuration():
    planned = plan_compared(["fifo", "fifo-ht"], "sqs-write-failure")
    assert [(each.name, each.control) for each in planned] == [
        ("fifo.control", None),
        ("fifo", "fifo.control"),
        ("fifo-ht.control", None),
        ("fifo-ht", "fifo-ht.control"),
    ]


def test_quick_has_work_of_its_own():
    assert compared_work("", quick=True) == "compare-quick"
    assert compared_work("", quick=False) == "compare"
    with pytest.raises(ScenarioError, match="--quick does not go with --scenario 'baseline'"):
        compared_work("baseline", quick=True)


@pytest.mark.parametrize(
    ("names", "scenario", "told"),
    [
        (["fifo", "kafka"], "compare", r"unknown configuration 'kafka'; known: .*fifo-ht"),
        (["fifo", "fifo"], "compare", "fifo: configuration fifo is asked for twice"),
        (["fifo"], "fifo-limit", "fifo-limit: only loads of emails can be compared"),
        (["fifo"], "nope", "unknown scenario 'nope'"),
    ],
)
def test_what_cannot_be_compared_is_refused(names, scenario, told):
    with pytest.raises(ScenarioError, match=told):
        plan_compared(names, scenario)


def test_a_pool_of_none_is_refused_with_file_key_and_value(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(MINE.format(count=0))
    with pytest.raises(ScenarioError, match=rf"{file}: queue\.count: .*1 \(got 0\)"):
        plan_compared([str(file)], "compare")


def test_runs_that_are_over_are_compared_alone():
    check_compares_runs_alone([])
    with pytest.raises(ScenarioError, match="--runs does not go with '--quick'"):
        check_compares_runs_alone(["--quick"])
