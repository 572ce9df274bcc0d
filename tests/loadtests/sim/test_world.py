"""Whole simulations: what a calm one and a stormy one leave behind, and that the seed decides."""

import hashlib
import random

import orjson
import pytest
import structlog

from loadtests.sim.campaign import run_campaign
from scenarios.faults import ProcessFault


def digest(story):
    return hashlib.sha256(orjson.dumps(story.rows, option=orjson.OPT_SORT_KEYS)).hexdigest()


def events(story, ledger):
    return {row["event"] for row in story.rows[ledger]}


def test_without_faults_every_email_is_delivered_once_and_in_order(storm, try_seed):
    trial = try_seed(storm, 1, faults=())
    counts = trial.sets.counts()
    emails = len(trial.story.plan.arrivals)
    assert emails > 30
    assert {name: count for name, count in counts.items() if count} == dict.fromkeys(
        ("attempted", "acknowledged", "delivered"), emails
    )
    assert trial.doubts == []
    assert [phase.name for phase in trial.story.phases] == ["load", "drain"]


def test_the_same_seed_leaves_the_same_ledgers_to_the_byte(storm, try_seed):
    digests = [digest(try_seed(storm, seed).story) for seed in (3, 4, 3, 4)]
    assert digests[:2] == digests[2:]
    assert digests[0] != digests[1]


def test_a_simulation_leaves_randomness_and_logging_as_they_were(storm, try_seed):
    state, config = random.getstate(), structlog.get_config()
    try_seed(storm, 1)
    assert random.getstate() == state
    assert structlog.get_config() == config


def test_jobs_share_the_seeds_and_change_nothing(storm):
    alone = run_campaign(storm, range(1, 16), jobs=1)
    shared = run_campaign(storm, range(1, 16), jobs=2)
    alone.elapsed_s = shared.elapsed_s = 0.0
    assert alone == shared
    assert alone.seeds == 15


@pytest.mark.parametrize("kind", ["kill", "pause", "restart"])
@pytest.mark.parametrize("component", ["api", "worker", "sqs", "sink"])
def test_what_is_down_comes_back_and_loses_nothing(storm, try_seed, component, kind):
    fault = ProcessFault(
        label="down", at="process", kind=kind, component=component, start_s=20.0, down_s=8.0
    )
    trial = try_seed(storm, 5, faults=(fault,))
    assert [row["event"] for row in trial.story.rows["faults"]] == ["start", "fired", "end"]
    assert trial.doubts == []
    assert not trial.sets.lost
    assert trial.sets.acknowledged == trial.sets.attempted


def test_a_fault_can_wait_for_a_row_of_a_ledger(storm, try_seed):
    fault = ProcessFault.model_validate(
        {
            "label": "after-five",
            "at": "process",
            "kind": "kill",
            "component": "worker",
            "down_s": 3.0,
            "after": {"ledger": "worker", "event": "sent", "count": 5},
        }
    )
    rows = try_seed(storm, 6, faults=(fault,)).story.rows
    begun_s = rows["faults"][0]["at_s"]
    sent_s = [row["at_s"] for row in rows["worker"] if row["event"] == "sent"]
    assert 0 <= begun_s - sent_s[4] < 0.001
    assert not [row for row in rows["worker"] if begun_s < row["at_s"] < begun_s + 3.0]


def test_every_kind_of_fault_of_a_storm_can_fire(storm):
    campaign = run_campaign(storm, range(1, 26), jobs=1)
    assert set(campaign.fired) == set(storm.storm.kinds)
    assert campaign.virtual_s > 60 * 25
