"""A scenario written down is the scenario that was meant."""

import pytest

from loadtests.sim.as_toml import as_toml
from loadtests.sim.plan import made_small
from scenarios.faults import ProcessFault
from scenarios.model import EmailLoad, catalog_names, load_scenario, parse_scenario


@pytest.mark.parametrize("name", catalog_names())
def test_every_scenario_of_the_catalogue_survives(name):
    scenario, _ = load_scenario(name)
    assert parse_scenario(as_toml(scenario), name) == scenario


@pytest.mark.parametrize("name", catalog_names())
def test_so_does_what_is_made_small_of_it(name):
    scenario, _ = load_scenario(name)
    if isinstance(scenario.load, EmailLoad):
        small, _ = made_small(scenario)
        assert parse_scenario(as_toml(small), name) == small


def test_a_fault_with_a_trigger_and_texts_with_quotes_survive(storm):
    fault = {
        "label": "down",
        "at": "process",
        "kind": "kill",
        "component": "api",
        "after": {"ledger": "queue", "event": "stored", "count": 3},
    }
    scenario = storm.model_copy(
        update={
            "faults": [ProcessFault.model_validate(fault)],
            "summary": 'a "quoted" \\ text, ünïcode and \x7f',
        }
    )
    assert parse_scenario(as_toml(scenario), "t") == scenario
