"""Percentiles, bins and rounding against figures worked out by hand and a model too plain."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import numbers
from reports.numbers import BINS_MAX, Bins, bins_for, figure, nearest_rank, precise, significant

LATENCIES_S = st.lists(st.floats(0, 1e4), min_size=1, max_size=50)


def test_percentiles_of_one_to_a_hundred_are_their_ranks():
    ranks = nearest_rank(np.arange(100.0, 0.0, -1.0), 0.5, 0.95, 0.99, 1.0)
    assert ranks == [50.0, 95.0, 99.0, 100.0]


@given(LATENCIES_S, st.floats(0.01, 1.0))
def test_a_percentile_is_an_observed_value_that_enough_values_do_not_exceed(values, quantile):
    rank = nearest_rank(np.array(values), quantile)[0]
    assert rank in values
    assert sum(value <= rank for value in values) >= quantile * len(values) - 1e-6
    assert sum(value < rank for value in values) < quantile * len(values) + 1e-6


def test_nothing_measured_has_no_percentiles():
    assert numbers.percentiles(np.array([])) == numbers.Percentiles(0, None, None, None, None)


def test_rates_count_events_by_second():
    times_s = np.array([0.0, 0.2, 0.9, 2.0, 99.0])
    assert numbers.rates(times_s, Bins(1.0, 4)) == [3.0, 0.0, 1.0, 1.0]


def test_an_hour_is_thinned_to_the_points_a_chart_holds():
    bins = bins_for(3600)
    assert (bins.width_s, bins.count) == (12.0, 300)


@given(st.floats(0, 1e6))
def test_bins_cover_the_time_and_stay_few(duration_s):
    bins = bins_for(duration_s)
    assert 1 <= bins.count <= BINS_MAX
    assert bins.width_s * bins.count >= duration_s


@given(st.lists(st.tuples(st.floats(0, 9.99), st.floats(0.001, 10)), max_size=40))
def test_quantile_series_agrees_with_sorting_each_second(samples):
    table = np.array(samples).reshape(-1, 2)
    series = numbers.quantile_series(table[:, 0], table[:, 1], Bins(1.0, 10), 0.99)
    for second, value in enumerate(series):
        members = sorted(latency for at, latency in samples if int(at) == second)
        rank = math.ceil(0.99 * len(members)) - 1
        assert value == (numbers.milliseconds(members[rank]) if members else None)


def test_a_thinned_gauge_keeps_its_peak():
    series = numbers.gauge_series(np.array([0.0, 1.0, 2.0]), np.array([1.0, 90.0, 2.0]), Bins(5, 1))
    assert series == [90.0]


def test_one_missed_sample_is_bridged_and_a_longer_gap_is_not():
    at_s, values = np.array([0.0, 2.0, 5.0]), np.array([1.0, 2.0, 3.0])
    series = numbers.gauge_series(at_s, values, Bins(1.0, 6))
    assert series == [1.0, 1.0, 2.0, None, None, 3.0]


@pytest.mark.parametrize(
    ("value", "rounded"), [(0.0123456, 0.0123), (12.3456, 12.3), (1234.56, 1235.0), (0.0, 0.0)]
)
def test_rounding_keeps_three_digits_but_never_loses_whole_ones(value, rounded):
    assert significant(value) == rounded


@pytest.mark.parametrize(
    ("value", "words"), [(4.0, "4.00"), (27.1, "27.1"), (1153.0, "1,153"), (None, "-"), (0, "0")]
)
def test_latencies_are_written_as_precisely_as_they_were_rounded(value, words):
    assert precise(value) == words


@pytest.mark.parametrize(
    ("value", "decimals", "words"),
    [
        (1234567, None, "1,234,567"),
        (300.0, 1, "300.0"),
        (2.5, None, "2.5"),
        (math.nan, None, "nan"),
    ],
)
def test_figures_in_words(value, decimals, words):
    assert figure(value, decimals) == words


@given(st.floats(1e-3, 1e6), st.floats(1.0, 1e6))
def test_logarithmic_ticks_enclose_the_values_and_rise(low, factor):
    ticks = numbers.log_ticks(low, low * factor)
    assert ticks[0] <= low * 1.001
    assert ticks[-1] >= low * factor * 0.999
    assert ticks == sorted(set(ticks))
    assert len(ticks) >= 2
