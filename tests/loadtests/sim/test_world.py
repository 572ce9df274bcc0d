"""Whole simulations: what a calm one and a stormy one leave behind, and that the seed decides."""

import hashlib
import random
from itertools import pairwise

import orjson
import pytest
import structlog

from loadtests.sim.campaign import run_campaign
from loadtests.sim.ledgers import Ledgers
from loadtests.sim.sqs import SqsQueues
from reference.clock import VirtualClock
from reference.cloud.sqs.attributes import Throughput
from scenarios.configuration import load_configuration
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


@pytest.mark.parametrize(
    ("configuration", "is_shared"), [("fifo", False), ("fifo-ht", False), ("fifo-batched", True)]
)
def test_emails_share_a_call_where_that_is_configured(storm, try_seed, configuration, is_shared):
    """What one call stores is stored within microseconds; no two calls come as close."""
    built = storm.model_copy(update={"configuration": configuration})
    trial = try_seed(built, 1, faults=())
    stored_s = [row["at_s"] for row in trial.story.rows["queue"] if row["event"] == "stored"]
    apart_s = [after - before for before, after in pairwise(stored_s)]
    assert (min(apart_s) < 1e-5) is is_shared
    assert trial.offending is None
    assert trial.doubts == []
    assert trial.sets.acknowledged == trial.sets.attempted


@pytest.mark.parametrize("kind", ["fifo", "fifo-ht"])
def test_the_queue_is_of_the_configured_kind(storm, kind):
    clock = VirtualClock()
    built, _ = load_configuration(kind)
    queues = SqsQueues(clock, Ledgers(clock), built.queue, storm.queue, random.Random(1))
    is_high = queues.queue.attributes.throughput is Throughput.PER_PARTITION
    assert is_high is built.queue.high_throughput


@pytest.mark.parametrize("configuration", ["fifo", "fifo-batched"])
def test_the_same_seed_leaves_the_same_ledgers_to_the_byte(storm, try_seed, configuration):
    built = storm.model_copy(update={"configuration": configuration})
    digests = [digest(try_seed(built, seed).story) for seed in (3, 4, 3, 4)]
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
