"""Offsets of clocks from pings: the truth is always within the stated uncertainty."""

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from loadtests.distributed.clocks import Offset, Ping, drift_s, offset_of

DELAYS_S = st.integers(1, 5_000).map(lambda us: us / 1e6)
OFFSETS_S = st.integers(-(10**6), 10**6).map(float)


def ping(sent_s, offset_s, there_s, back_s):
    return Ping(sent_s, sent_s + there_s + offset_s, sent_s + there_s + back_s)


PINGS = st.lists(st.tuples(DELAYS_S, DELAYS_S), min_size=1, max_size=9)
ROUNDING_S = 1e-9  # of seconds in the millions


def pings_of(delays, offset_s):
    return [ping(10.0 * n, offset_s, there, back) for n, (there, back) in enumerate(delays)]


def is_told_truly(offset, truth_s):
    return abs(offset.offset_s - truth_s) <= offset.uncertainty_s + ROUNDING_S


@given(PINGS, OFFSETS_S)
def test_the_truth_is_within_the_uncertainty_however_uneven_the_ways(delays, truth_s):
    offset = offset_of(pings_of(delays, truth_s))
    assert is_told_truly(offset, truth_s)
    assert offset.uncertainty_s == pytest.approx(min(sum(pair) for pair in delays) / 2)


def test_planted_a_clock_read_off_at_the_sending_is_found():
    """Without half the round trip the offset is wrong by the whole way there."""

    def careless(pings):
        best = offset_of(pings)
        return Offset(pings[0].theirs_s - pings[0].sent_s, best.uncertainty_s)

    delays = find(PINGS, lambda delays: not is_told_truly(careless(pings_of(delays, 0.0)), 0.0))
    ((there, back),) = delays
    assert there > back


@given(st.floats(-1e6, 1e6), OFFSETS_S)
def test_a_moment_goes_there_and_back_unchanged(moment_s, offset_s):
    offset = Offset(offset_s, 0.0)
    assert offset.ours(offset.theirs(moment_s)) == pytest.approx(moment_s, abs=1e-9)
    assert offset.theirs(0.0) == offset_s  # theirs is ours plus the offset, not minus


def test_a_drift_is_what_cannot_be_uncertainty():
    before = Offset(5.0, 0.010)
    assert drift_s(before, Offset(5.015, 0.010)) == 0.0
    assert drift_s(before, Offset(5.050, 0.010)) == pytest.approx(0.050)
    assert drift_s(before, Offset(4.900, 0.010)) == pytest.approx(-0.100)
