"""What is made of a scenario before it is simulated."""

import pytest

from loadtests.sim.plan import (
    EMAILS,
    FAULTS_MAX,
    LINGER_MS_MIN,
    LOAD_S,
    VISIBILITY_S_MAX,
    made_small,
    plan_of,
)
from scenarios.model import ScenarioError, load_scenario, parse_scenario

LONG = """
name = "long"
summary = "Longer than a simulation."
claims = ["no-loss"]
[load]
kind = "emails"
rate_per_s = 100
duration_s = 600
[[faults]]
label = "gone"
kind = "outage"
start_s = 100
end_s = 200
[[faults]]
label = "full"
at = "disk"
kind = "full"
component = "api"
[storm]
kinds = ["sqs-outage", "disk-full"]
count = 30
"""


def test_a_long_scenario_becomes_a_minute_with_some_dozen_emails():
    small, skipped = made_small(parse_scenario(LONG, "t"))
    assert small.load.duration_s == LOAD_S
    assert small.load.rate_per_s * LOAD_S == pytest.approx(EMAILS)
    assert (small.faults[0].start_s, small.faults[0].end_s) == (10, 20)
    assert small.storm.count == FAULTS_MAX
    assert small.queue.visibility_timeout_s == VISIBILITY_S_MAX
    assert small.control is None
    assert skipped == ["full", "disk-full"]
    assert [fault.label for fault in small.faults] == ["gone"]
    assert small.storm.kinds == ["sqs-outage"]


def test_a_trigger_and_a_count_of_calls_are_as_much_sooner_as_there_are_fewer_emails():
    trigger = """
[[faults]]
label = "killed"
at = "process"
kind = "kill"
component = "api"
start_s = 1.5
after = { ledger = "queue", event = "stored", count = 30000 }
[[faults]]
label = "nth"
kind = "lose-answer"
nth_call = 3
"""
    small, _ = made_small(parse_scenario(LONG.replace("[storm]", f"{trigger}\n[storm]"), "t"))
    killed, nth = small.faults[1:]
    assert (killed.after.count, killed.start_s) == (EMAILS // 2, 1.5)
    assert nth.nth_call == 1


def written_for(configuration):
    text = LONG.replace('name = "long"', f'name = "long"\nconfiguration = "{configuration}"')
    return parse_scenario(text, "t")


@pytest.mark.parametrize(
    "name", ["fifo-pool-2", "standard-worker", "fifo-lambda", "apigw-fifo-lambda"]
)
def test_pools_standard_queues_lambda_and_api_gateway_are_left_out_and_that_is_said(name):
    small, skipped = made_small(written_for(name))
    assert small.configuration == "fifo"
    assert f"configuration {name}" in skipped


def test_one_fifo_queue_is_simulated_as_it_is_configured():
    small, skipped = made_small(written_for("fifo-ht"))
    assert skipped == ["full", "disk-full"]
    assert plan_of(small, 1).configuration.queue.high_throughput


def test_batches_are_as_large_as_configured_and_wait_until_a_few_emails_can_meet():
    small, skipped = made_small(written_for("fifo-batched"))
    assert skipped == ["full", "disk-full"]
    intake = plan_of(small, 1).configuration.intake
    assert (intake.batch_max, intake.linger_ms) == (10, LINGER_MS_MIN)


def test_a_configuration_that_nobody_knows_is_refused():
    with pytest.raises(ScenarioError, match="unknown configuration 'fifo-pool-0'"):
        made_small(written_for("fifo-pool-0"))


def test_only_loads_of_emails_can_be_simulated():
    with pytest.raises(ScenarioError, match="fifo-limit: only loads of emails"):
        made_small(load_scenario("fifo-limit")[0])


def test_a_storm_of_which_nothing_can_be_simulated_is_refused():
    scenario = parse_scenario(LONG.replace('"sqs-outage", ', ""), "t")
    with pytest.raises(ScenarioError, match="nothing of its storm"):
        made_small(scenario)


def test_the_seed_decides_emails_and_faults(storm):
    assert plan_of(storm, 7) == plan_of(storm, 7)
    assert plan_of(storm, 7).arrivals != plan_of(storm, 8).arrivals
    assert plan_of(storm, 7).faults != plan_of(storm, 8).faults
