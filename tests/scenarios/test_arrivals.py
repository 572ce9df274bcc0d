"""The traffic: decided by the seed, at the rate asked for, about people who do not exist."""

import itertools
import math
import random
import re
from bisect import bisect
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.arrivals import (
    canaries,
    email_arrivals,
    email_blocks,
    synthetic_people,
    text_about,
    zipf_weights,
)
from scenarios.model import EmailLoad

SEEDS = st.integers(0, 2**32)


def load(**changes):
    return EmailLoad(kind="emails", **{"rate_per_s": 50, "duration_s": 4, **changes})


@given(SEEDS, st.sampled_from(["even", "poisson"]))
def test_same_seed_gives_the_same_traffic_in_order_of_time(seed, arrivals):
    first = list(email_arrivals(load(arrivals=arrivals), seed, "k"))
    assert first == list(email_arrivals(load(arrivals=arrivals), seed, "k"))
    assert [a.intended_s for a in first] == sorted(a.intended_s for a in first)
    assert all(0 <= a.intended_s < 4 for a in first)
    assert len({a.key for a in first}) == len(first)


@given(SEEDS, st.sampled_from(["even", "poisson"]))
def test_bulk_draws_are_those_of_plain_random(seed, arrivals):
    """So that runs which were drawn one email at a time can still be judged."""
    few = load(rate_per_s=5, groups=3, arrivals=arrivals)
    rng = random.Random(f"arrivals/{seed}")
    cumulative = list(itertools.accumulate(zipf_weights(3, few.group_skew)))
    at_s, plain = 0.0, []
    for number in range(20) if arrivals == "even" else itertools.count():
        at_s = number / 5 if arrivals == "even" else at_s + rng.expovariate(5)
        if at_s >= 4:
            break
        plain.append((number, at_s, bisect(cumulative, rng.random() * cumulative[-1])))
    bulk = [(a.number, a.intended_s, int(a.group[-4:])) for a in email_arrivals(few, seed, "k")]
    assert [(n, g) for n, _, g in bulk] == [(n, g) for n, _, g in plain]
    assert all(
        math.isclose(a, b, rel_tol=1e-12) for (_, a, _), (_, b, _) in zip(bulk, plain, strict=True)
    )


def test_a_load_of_many_blocks_is_in_one_piece():
    many = load(rate_per_s=50_000, duration_s=1)
    blocks = list(email_blocks(many, 7))
    assert len(blocks) > 2
    times_s = np.concatenate([block.intended_s for block in blocks])
    assert np.array_equal(np.concatenate([b.numbers for b in blocks]), np.arange(len(times_s)))
    assert (np.diff(times_s) >= 0).all()
    assert times_s[-1] < 1


def test_seeds_differ():
    assert list(email_arrivals(load(), 1, "k")) != list(email_arrivals(load(), 2, "k"))


@given(SEEDS)
def test_a_shorter_load_is_a_prefix_of_the_longer_one(seed):
    """A control run offers the first part of the very same traffic."""
    short = list(email_arrivals(load(duration_s=2), seed, "k"))
    assert list(email_arrivals(load(duration_s=4), seed, "k"))[: len(short)] == short


@given(SEEDS)
def test_poisson_rate_is_within_five_standard_deviations(seed):
    count = len(list(email_arrivals(load(rate_per_s=100, duration_s=20), seed, "k")))
    assert abs(count - 2_000) <= 5 * math.sqrt(2_000)


STAGES = [{"start_s": 1, "rate_per_s": 200}, {"start_s": 3, "rate_per_s": 20}]


@given(SEEDS, st.sampled_from(["even", "poisson"]), st.floats(0.2, 3.9))
def test_a_shorter_load_of_stages_is_a_prefix_of_the_longer_one(seed, arrivals, duration_s):
    staged = {"stages": STAGES, "arrivals": arrivals}
    short = list(email_arrivals(load(duration_s=duration_s, **staged), seed, "k"))
    whole = list(email_arrivals(load(**staged), seed, "k"))
    assert whole[: len(short)] == short
    assert all(a.intended_s < duration_s for a in short)
    # An even load ends with its last whole email, which here is at most 1/20 s too soon.
    assert all(a.intended_s >= duration_s - 0.05 for a in whole[len(short) :])


@given(SEEDS)
def test_each_stage_has_its_own_rate(seed):
    rates = [{"start_s": 10, "rate_per_s": 400}, {"start_s": 20, "rate_per_s": 100}]
    staged = load(rate_per_s=25, duration_s=30, stages=rates)
    assert staged.emails == 250 + 4_000 + 1_000
    due_s = [a.intended_s for a in email_arrivals(staged, seed, "k")]
    assert due_s == sorted(due_s)
    for start_s, end_s, rate_per_s in staged.rates:
        expected = (end_s - start_s) * rate_per_s
        count = sum(start_s <= at_s < end_s for at_s in due_s)
        assert abs(count - expected) <= 5 * math.sqrt(expected)


def test_even_stages_are_even():
    even = load(rate_per_s=2, duration_s=3, stages=[{"start_s": 1, "rate_per_s": 4}])
    due_s = [
        a.intended_s for a in email_arrivals(even.model_copy(update={"arrivals": "even"}), 1, "k")
    ]
    assert due_s == [0, 0.5, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75]


def test_stages_out_of_order_are_refused():
    with pytest.raises(ValueError, match="each must start after the one before it"):
        load(stages=STAGES[::-1])


def test_skew_makes_the_first_group_the_hottest():
    groups = Counter(a.group for a in email_arrivals(load(rate_per_s=1000, group_skew=1.0), 3, "k"))
    assert groups.most_common(1)[0][0] == "group-0000"
    assert zipf_weights(4, 0) == [1, 1, 1, 1]


def test_people_are_distinct_synthetic_and_the_same_for_a_seed():
    people = synthetic_people(600, seed=5)
    assert people == synthetic_people(600, seed=5)
    assert len({person.email for person in people}) == 600
    assert len({person.name for person in people}) == 600
    for person in people:
        assert re.fullmatch(r"[a-z0-9.]+@example\.com", person.email)
        assert re.fullmatch(r"\+44 20 7946 0\d{3}|\+1 \d{3}-555-01\d{2}", person.phone)


def test_every_personal_value_of_a_text_is_a_canary():
    people = synthetic_people(6, seed=1)
    values = dict.fromkeys(value for _, value in canaries(people))
    for person in people:
        text = text_about(person)
        assert {person.name, person.email, person.phone, person.address} <= values.keys()
        assert text.subject in values
        assert text.body in values
