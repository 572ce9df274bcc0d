"""A scenario and the local SQS speak of the same faults: every kind is taken as it is written."""

import typing

import pytest

from loadtests.faults.plans import Plan
from loadtests.faults.timeline import FaultError
from reference.cloud.sqs.background import running
from scenarios.faults import SqsFault
from scenarios.model import parse_scenario

SCENARIO = """
name = "try"
summary = "a try"
[load]
kind = "emails"
rate_per_s = 1
duration_s = 1
[[faults]]
label = "it"
start_s = 1
end_s = 2
probability = 0.5
nth_call = 3
"""
KINDS = {
    typing.get_args(kind.model_fields["kind"].annotation)[0]: kind
    for kind in typing.get_args(typing.get_args(SqsFault)[0])
}
NEEDED = {"delay": "delay_s = 1", "slow-body": "body_s = 1", "early-expiry": "visibility_s = 1"}


@pytest.fixture(scope="module")
def endpoint():
    with running() as url:
        yield url


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_a_scenario_is_taken_by_the_local_sqs(kind, endpoint):
    text = f'{SCENARIO}kind = "{kind}"\n{NEEDED.get(kind, "")}\n'
    plan = Plan("SQS", endpoint, parse_scenario(text, "try.toml").faults, seed=1)
    plan.begin()
    plan.end()


def test_a_plan_that_sqs_refuses_is_named(endpoint):
    fault = KINDS["refuse"].model_construct(label="it", kind="refuse", error="nonsense")
    with pytest.raises(FaultError, match="error"):
        Plan("SQS", endpoint, [fault], seed=1).begin()


def test_a_queue_that_is_not_there_is_named():
    with pytest.raises(FaultError, match="SQS did not take the fault plan"):
        Plan("SQS", "http://127.0.0.1:1", [], seed=1).begin()
