"""A small storm, and what tries one seed of it."""

import pytest

from loadtests.sim.plan import made_small, plan_of
from loadtests.sim.trial import try_plan
from loadtests.sim.world import REFERENCE
from scenarios.arrivals import People
from scenarios.model import parse_scenario

STORM = """
name = "small-storm"
summary = "Everything that can be simulated, at once."
claims = ["no-loss", "no-false-ack", "resend-safe", "order"]
providers = ["ses", "sendgrid"]

[load]
kind = "emails"
rate_per_s = 300
duration_s = 60

[load.retries]
attempts_max = 20

[storm]
count = 12

[expect]
drain_timeout_s = 600
"""


@pytest.fixture(scope="session")
def people():
    return People()


@pytest.fixture(scope="session")
def storm():
    return made_small(parse_scenario(STORM, "the test's storm"))[0]


@pytest.fixture(scope="session")
def try_seed(people):
    """Try one seed of a small scenario, with the reference or a twin."""

    def try_one(scenario, seed, twin=REFERENCE, **less):
        plan = plan_of(scenario, seed).with_less(**less)
        return try_plan(plan, people.of_seed(plan.load.people, seed), twin)

    return try_one
