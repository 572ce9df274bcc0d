"""Faults that did not break what they were to break, and those that had but little luck."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.checks.fault_firing import CHANCE_MIN, at_most, doubts
from scenarios.configuration import load_configuration
from scenarios.evidence import Phase
from scenarios.model import parse_scenario
from scenarios.storm import drawn_faults

LOAD = Phase(name="load", start_s=100.0, end_s=120.0)
HEAD = """
name = "hand-made"
summary = "written by a test"
providers = ["smtp", "ses"]

[load]
kind = "emails"
rate_per_s = 10
duration_s = 20

"""
REFUSE = 'kind = "refuse"\nprobability = 0.3\nactions = ["SendMessage", "SendMessageBatch"]'
BUSY = 'at = "provider"\nkind = "throttle"\nprobability = 0.3'


@pytest.fixture
def planned(make_story):
    """A story of one planned fault, `f`, that was on throughout the load."""

    def make(fault, fired=0, *, others=0, stored=False, **row):
        story = make_story(HEAD + f'[[faults]]\nlabel = "f"\n{fault}\n', phases=[LOAD])
        story.event("faults", at_s=LOAD.start_s, event="start", fault="f", **row)
        for label, times in (("f", fired), ("g", others)):
            for n in range(times):
                more = {"stored": stored, "dedup_ids": [f"{label}-{n}"], **row}
                story.event("faults", at_s=110, event="fired", fault=label, **more)
        story.event("faults", at_s=LOAD.end_s, event="end", fault="f", **row)
        return story

    return make


def many(story, ledger, count, **row):
    for _ in range(count):
        story.event(ledger, at_s=110.0, **row)


def found(story):
    history = story.history()
    try:
        return doubts(history, LOAD)
    finally:
        history.close()


KINDS = {
    "sqs": 'kind = "outage"',
    "process": 'at = "process"\nkind = "kill"\ncomponent = "worker"',
    "triggered": 'at = "process"\nkind = "kill"\ncomponent = "api"\n'
    'after = {ledger = "queue", event = "stored"}',
    "network": 'at = "network"\nkind = "partition"\nbetween = ["worker", "sqs"]\nend_s = 5',
    "provider": 'at = "provider"\nkind = "outage"\nprovider = "ses"',
    "disk": 'at = "disk"\nkind = "full"\ncomponent = "worker"',
    "clock": 'at = "clock"\nkind = "step"\ncomponent = "api"\nstep_s = 60',
}


@pytest.mark.parametrize("fault", KINDS.values(), ids=KINDS)
def test_a_fault_of_any_kind_that_never_fired_is_a_doubt_and_one_that_did_is_none(planned, fault):
    assert found(planned(fault)) == ["the planned fault f never fired"]


@pytest.mark.parametrize("fault", KINDS.values(), ids=KINDS)
def test_a_fault_of_any_kind_that_fired_is_no_doubt(make_story, planned, fault):
    assert found(planned(fault, fired=1)) == []


def test_a_storm_s_faults_are_planned_faults(make_story):
    toml = HEAD + "[storm]\ncount = 3\n"
    drawn = drawn_faults(parse_scenario(toml, "test"), 1)
    story = make_story(toml, phases=[LOAD])
    (doubt,) = found(story)
    assert doubt == "only 0 of the 3 faults drawn fired, not 2; never: " + ", ".join(
        fault.label for fault in drawn
    )


@pytest.mark.parametrize(("fired", "is_enough"), [(1, False), (2, True), (3, True)])
def test_of_a_storm_s_faults_the_share_that_the_scenario_asks_for_must_fire(
    make_story, fired, is_enough
):
    toml = HEAD + "[storm]\ncount = 3\nfired_share_min = 0.6\n"
    drawn = drawn_faults(parse_scenario(toml, "test"), 1)
    story = make_story(toml, phases=[LOAD])
    for fault in drawn[:fired]:
        for event, at_s in (("start", LOAD.start_s), ("fired", 110), ("end", LOAD.end_s)):
            story.event("faults", at_s=at_s, event=event, fault=fault.label)
    assert (found(story) == []) is is_enough


def test_once_in_a_thousand_calls_is_too_seldom_for_three_in_ten(planned):
    story = planned(REFUSE, fired=1)
    many(story, "queue", 10_000, event="stored", queue="q")
    (doubt,) = found(story)
    assert "f fired 1 times in at least 1,001 calls, though its probability is 0.3" in doubt


@pytest.mark.parametrize(
    ("built", "modules", "is_doubt"),
    [("fifo", {}, True), ("fifo-batched", {}, False), ("fifo", {"api": "my.api"}, False)],
)
def test_an_api_that_calls_once_an_email_met_as_many_faults(make_story, built, modules, is_doubt):
    """60 in 3,000 sends is too seldom for three in ten; in 300 batches of ten it is not."""
    story = make_story(
        HEAD + f'[[faults]]\nlabel = "f"\n{REFUSE}\n',
        phases=[LOAD],
        configuration=built,
        configuration_toml=load_configuration(built)[1],
        modules=modules,
    )
    for event, at_s in (("start", LOAD.start_s), *[("fired", 110)] * 60, ("end", LOAD.end_s)):
        story.event("faults", at_s=at_s, event=event, fault="f")
    many(story, "queue", 3_000, event="stored", queue="q")
    assert (len(found(story)) == 1) is is_doubt


@pytest.mark.parametrize(("fired", "stored"), [(300, 7_000), (1, 20), (3, 100)])
def test_what_chance_or_full_batches_explain_is_no_doubt(planned, fired, stored):
    story = planned(REFUSE, fired=fired)
    many(story, "queue", stored, event="stored", queue="q")
    assert found(story) == []


def test_calls_that_another_fault_took_are_not_counted(planned):
    """In the order of the plan the first one that fires wins."""
    story = planned(REFUSE, fired=1, others=9_900, stored=True)
    many(story, "queue", 9_990, event="stored", queue="q")
    assert found(story) == []


@pytest.mark.parametrize(
    "fault",
    [
        'kind = "refuse"\nprobability = 0.3\nactions = ["SendMessage"]',  # or were they batches?
        'kind = "half-batch"\nprobability = 0.3',
        'kind = "empty-receive"\nprobability = 0.3',
        'kind = "refuse"\nnth_call = 3',
    ],
)
def test_where_nobody_knows_how_many_calls_it_met_once_is_enough(planned, fault):
    story = planned(fault, fired=1)
    many(story, "queue", 10_000, event="stored", queue="q")
    assert found(story) == []


def test_direct_calls_are_counted_one_by_one(planned):
    story = planned(REFUSE, fired=1)
    call = {"action": "SendMessage", "intended_s": 110.0}
    many(story, "calls", 50, outcome="throttled", **call)
    assert found(story) == []
    many(story, "calls", 80, outcome="admitted", **call)
    assert "in at least 80 calls" in found(story)[0]


@pytest.mark.parametrize(
    ("fault", "provider", "is_doubted"),
    [
        (BUSY, "smtp", True),
        (f'{BUSY}\nprovider = "smtp"', "smtp", True),
        (f'{BUSY}\nprovider = "ses"', "smtp", False),
        (f"{BUSY}\nperiod_s = 40", "smtp", True),  # 110 lies in the half in which it is on
        (f"{BUSY}\nperiod_s = 12", "smtp", False),  # and here in the other
    ],
)
def test_deliveries_tell_how_many_emails_met_a_provider_s_fault(
    planned, fault, provider, is_doubted
):
    story = planned(fault, fired=1)
    many(story, "sink", 80, provider=provider)
    assert bool(found(story)) == is_doubted


def test_emails_that_a_provider_refused_count_beside_those_that_it_took(planned):
    story = planned(BUSY, fired=30)
    many(story, "sink", 70, provider="smtp")
    assert found(story) == []


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.01, 0.99))
def test_the_binomial_tail_is_that_of_the_definition(successes, trials, probability):
    exact = sum(
        math.comb(trials, n) * probability**n * (1 - probability) ** (trials - n)
        for n in range(min(successes, trials) + 1)
    )
    told = at_most(successes, trials, probability)
    assert told == 1.0 or math.isclose(told, exact, rel_tol=1e-6, abs_tol=1e-300)
    assert (told < CHANCE_MIN) == (exact < CHANCE_MIN)


def test_the_binomial_tail_of_many_trials_is_quick_and_does_not_overflow():
    assert at_most(1, 10_000_000, 0.3) == 0.0
    assert 0.01 < at_most(2_990_000, 10_000_000, 0.2991) < 0.5


EARLY = 'kind = "early-expiry"\nprobability = 0.8\nvisibility_s = 1'


@pytest.mark.parametrize(("fired", "is_doubt"), [(1, True), (34, False)])
def test_calls_on_which_a_fault_fired_carried_messages_of_their_own(planned, fired, is_doubt):
    """420 messages are 42 full calls, also when most of them were hit."""
    story = planned(EARLY, fired=fired)
    many(story, "queue", 420, event="received", queue="q")
    assert (len(found(story)) == 1) is is_doubt
