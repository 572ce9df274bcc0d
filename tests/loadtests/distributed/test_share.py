"""Shares of a load: together the whole, each email once, whatever the number of workers."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from loadtests.distributed.share import WHOLE, Share
from scenarios.arrivals import email_arrivals
from scenarios.model import EmailLoad

LOAD = EmailLoad(kind="emails", rate_per_s=40, duration_s=5)


def arrivals(seed=1):
    return email_arrivals(LOAD, seed, "k")


@given(st.integers(1, 9), st.integers(0, 5))
def test_shares_are_disjoint_and_together_the_whole(count, seed):
    whole = list(arrivals(seed))
    parts = [list(Share(index, count).of(arrivals(seed))) for index in range(count)]
    assert sorted(itertools.chain(*parts), key=lambda arrival: arrival.number) == whole
    for part in parts:
        assert part == sorted(part, key=lambda arrival: arrival.intended_s)


@given(st.integers(1, 9))
def test_shares_are_of_one_size_give_or_take_one(count):
    sizes = [len(list(Share(index, count).of(arrivals()))) for index in range(count)]
    assert max(sizes) - min(sizes) <= 1


def test_one_process_has_the_whole():
    assert list(WHOLE.of(arrivals())) == list(arrivals())
