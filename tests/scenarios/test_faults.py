"""Faults as a scenario writes them: each kind is taken, and what is wrong is named."""

import pytest

from scenarios.evidence import WORDS
from scenarios.faults import TRIGGER_EVENTS
from scenarios.model import ScenarioError, parse_scenario

HEAD = """
name = "try"
summary = "a try"
providers = ["ses", "smtp"]
[load]
kind = "emails"
rate_per_s = 10
duration_s = 5
"""
GOOD = [
    'kind = "refuse"\nerror = "throttle"',
    'at = "sqs"\nkind = "outage"\nend_s = 3',
    'at = "process"\nkind = "kill"\ncomponent = "worker"\ndown_s = 2',
    'at = "process"\nkind = "kill"\ncomponent = "api"\n'
    'after = {ledger = "queue", event = "stored", count = 50}',
    'at = "process"\nkind = "pause"\ncomponent = "sqs"',
    'at = "process"\nkind = "restart"\ncomponent = "sink"\nstart_s = 2',
    'at = "network"\nkind = "partition"\nbetween = ["worker", "sqs"]\ndirection = "to"',
    'at = "network"\nkind = "delay"\nbetween = ["sqs", "worker"]\ndelay_s = 0.1\nend_s = 2',
    'at = "network"\nkind = "loss"\nbetween = ["api", "sqs"]\nprobability = 0.1',
    'at = "network"\nkind = "slow"\nbetween = ["senders", "api"]\nbytes_per_s = 1000',
    'at = "provider"\nkind = "slow"\ndelay_s = 3\nprovider = "ses"',
    'at = "provider"\nkind = "throttle"\nperiod_s = 2',
    'at = "provider"\nkind = "unavailable"\nnth_call = 3',
    'at = "provider"\nkind = "reject"\nprobability = 0.5',
    'at = "provider"\nkind = "lose-answer"',
    'at = "provider"\nkind = "outage"\nstart_s = 1\nend_s = 2',
    'at = "disk"\nkind = "full"\ncomponent = "sqs"',
    'at = "disk"\nkind = "unwritable-log"\ncomponent = "api"',
    'at = "clock"\nkind = "step"\ncomponent = "worker"\nstep_s = -3600',
]


def parse(fault, head=HEAD):
    return parse_scenario(f'{head}[[faults]]\nlabel = "it"\n{fault}\n', "try.toml").faults[0]


@pytest.mark.parametrize("fault", GOOD)
def test_every_kind_is_taken(fault):
    taken = parse(fault)
    assert f'"{taken.kind}"' in fault
    assert taken.at == "sqs" or f'"{taken.at}"' in fault


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ('at = "disc"\nkind = "full"', "faults.0: at must be one of: sqs, process, .*'disc'"),
        ('kind = "flood"', "faults.0.sqs: .*'flood'"),
        ('at = "process"\nkind = "kill"\ncomponent = "db"', "process.component: .*'api'.*'db'"),
        ('at = "process"\nkind = "kill"', "process.component: Field required"),
        ('at = "process"\nkind = "die"\ncomponent = "api"', "process.kind: .*'kill'.*'die'"),
        (
            'at = "process"\nkind = "kill"\ncomponent = "api"\ndown_s = -1',
            "process.down_s: .*greater than or equal to 0.*-1",
        ),
        (
            'at = "network"\nkind = "partition"\nbetween = ["api", "sink"]',
            "network.partition: .*between must be a link of the pipeline: senders-api",
        ),
        (
            'at = "network"\nkind = "delay"\nbetween = ["api", "sqs"]',
            "network.delay.delay_s: Field req",
        ),
        (
            'at = "network"\nkind = "partition"\nbetween = ["api", "sqs"]\nstart_s = 3\nend_s = 2',
            "network.partition: .*end_s must be greater than start_s",
        ),
        ('at = "provider"\nkind = "slow"', "provider.slow.delay_s: Field required"),
        ('at = "provider"\nkind = "outage"\ndelay_s = 1', "provider.outage.delay_s: Extra inputs"),
        ('at = "provider"\nkind = "outage"\nprovider = "mailgun"', "scenario: .*not in providers"),
        ('at = "disk"\nkind = "half"\ncomponent = "api"', "disk.kind: .*'full'.*'half'"),
        ('at = "clock"\nkind = "step"\ncomponent = "api"', "clock.step_s: Field required"),
        ('at = "clock"\nkind = "step"\ncomponent = "api"\nstep_s = nan', "clock.step_s: "),
    ],
)
def test_what_is_wrong_is_named(fault, named):
    with pytest.raises(ScenarioError, match=rf"try.toml: (faults.0.)?{named}"):
        parse(fault)


@pytest.mark.parametrize(
    ("trigger", "named"),
    [
        ('ledger = "queue", event = "sent"', "event of the queue ledger must be one of: absorbed"),
        ('ledger = "metrics", event = "sent"', "after.ledger: .*'queue'.*'metrics'"),
        ('ledger = "queue", event = "stored", count = 0', "after.count: .*or equal to 1"),
    ],
)
def test_a_trigger_that_cannot_happen_is_refused(trigger, named):
    with pytest.raises(ScenarioError, match=named):
        parse(f'at = "process"\nkind = "kill"\ncomponent = "api"\nafter = {{{trigger}}}')


def test_triggers_know_only_words_that_ledgers_know():
    for ledger, events in TRIGGER_EVENTS.items():
        if ledger != "sink":  # its rows bear no event
            assert events <= WORDS[ledger, "event"]


@pytest.mark.parametrize("providers", ["[]", '["fax"]', '["smtp", "smtp"]'])
def test_providers_that_make_no_sense_are_refused(providers):
    head = HEAD.replace('["ses", "smtp"]', providers)
    with pytest.raises(ScenarioError, match="providers"):
        parse('kind = "outage"', head)


def test_a_load_of_calls_meets_faults_at_sqs_alone():
    head = HEAD.replace('"emails"', '"sqs-calls"')
    parse('kind = "outage"', head)
    with pytest.raises(ScenarioError, match="it is at disk; calls to SQS meet faults at sqs alone"):
        parse('at = "disk"\nkind = "full"\ncomponent = "sqs"', head)


@pytest.mark.parametrize(
    ("fault", "load_s", "planned_s"),
    [
        ('kind = "outage"\nstart_s = 2\nend_s = 5', 10, 3),
        ('kind = "outage"\nstart_s = 2', 10, 8),
        ('kind = "outage"\nstart_s = 2\nend_s = 5', 1, 0),
        ('at = "process"\nkind = "kill"\ncomponent = "api"\nstart_s = 2\ndown_s = 3', 10, 3),
        ('at = "process"\nkind = "kill"\ncomponent = "api"\nstart_s = 2\ndown_s = 30', 10, 8),
    ],
)
def test_a_fault_lasts_no_longer_than_the_load(fault, load_s, planned_s):
    assert parse(fault).planned_s(load_s) == planned_s
