"""Growth, worked out by hand."""

import pytest

from benchmarks.checker import Judged, growth


def judged(*cpu_s):
    return [Judged(elapsed_s=100.0, cpu_s=each, rss_peak_bytes=1) for each in cpu_s]


@pytest.mark.parametrize(("large_cpu_s", "times_linear"), [(10.0, 1.0), (100.0, 10.0), (5.0, 0.5)])
def test_growth_is_the_cpu_time_beside_what_linear_would_take(large_cpu_s, times_linear):
    table = growth({1_000: judged(0.5, 1.0, 9.0), 10_000: judged(large_cpu_s)})
    assert table.rows[0].figure == pytest.approx(times_linear)
    assert table.rows[0].name == "10 times the emails"
