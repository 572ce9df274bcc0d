"""Percentiles, bins and rounding: every figure that a report shows is computed and rounded here.

Percentiles are exact and by nearest rank: each one is a value that was observed.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS_MAX = 300  # points a series: what a chart can show, and light in a page of many charts


@dataclass(frozen=True)
class Percentiles:
    """A distribution in milliseconds; all None when there was nothing to measure."""

    count: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


@dataclass(frozen=True)
class Bins:
    """Equal stretches of an experiment's time, from its origin on."""

    width_s: float
    count: int

    def starts_s(self) -> list[float]:
        return [round(index * self.width_s, 3) for index in range(self.count)]

    def index(self, times_s: Floats) -> npt.NDArray[np.int64]:
        """The bin of each time; what lies outside falls into the first or the last one."""
        return np.clip(times_s // self.width_s, 0, self.count - 1).astype(np.int64)


def bins_for(duration_s: float) -> Bins:
    """One bin a second, or wider in whole seconds where that would make more than BINS_MAX."""
    width_s = max(1, math.ceil(duration_s / BINS_MAX))
    return Bins(float(width_s), max(1, math.ceil(duration_s / width_s)))


def percentiles(latencies_s: Floats) -> Percentiles:
    """The distribution of `latencies_s`, which hold seconds."""
    if not len(latencies_s):
        return Percentiles(0, None, None, None, None)
    values_s = nearest_rank(latencies_s, 0.50, 0.95, 0.99, 1.0)
    return Percentiles(len(latencies_s), *(milliseconds(value_s) for value_s in values_s))


def nearest_rank(values: Floats, *quantiles: float) -> list[float]:
    """The smallest observed value that at least each quantile of all values do not exceed."""
    ordered = np.sort(values)
    # The subtraction keeps a product such as 0.55 * 100 = 55.00000000000001 at its true rank.
    ranks = [max(1, math.ceil(quantile * len(ordered) - 1e-9)) for quantile in quantiles]
    return [float(ordered[rank - 1]) for rank in ranks]


def rates(times_s: Floats, bins: Bins) -> list[float | None]:
    """Events a second in each bin."""
    counts = np.bincount(bins.index(times_s), minlength=bins.count)
    return [per_second(int(count), bins.width_s) for count in counts]


def quantile_series(
    times_s: Floats, latencies_s: Floats, bins: Bins, quantile: float
) -> list[float | None]:
    """The quantile of each bin's latencies, in milliseconds; None where a bin has none."""
    series: list[float | None] = [None] * bins.count
    order = np.argsort(times_s, kind="stable")
    indices = bins.index(times_s[order])
    edges = np.flatnonzero(np.diff(indices)) + 1
    for chunk, members in zip(np.split(indices, edges), np.split(order, edges), strict=True):
        if len(chunk):
            series[int(chunk[0])] = milliseconds(nearest_rank(latencies_s[members], quantile)[0])
    return series


def gauge_series(times_s: Floats, values: Floats, bins: Bins) -> list[float | None]:
    """The highest sample of each bin, so that thinning a long run never hides a peak.

    A single bin without a sample repeats the one before it: a sampler that wakes once a second
    now and then misses a second. A longer gap stays a gap.
    """
    highest = np.full(bins.count, -np.inf)
    np.maximum.at(highest, bins.index(times_s), values)
    series: list[float | None] = [
        significant(float(value)) if np.isfinite(value) else None for value in highest
    ]
    for index in range(1, bins.count - 1):
        if series[index] is None and series[index + 1] is not None:
            series[index] = series[index - 1]
    return series


def per_second(count: int, duration_s: float) -> float | None:
    """A rate to a tenth; None when no time passed."""
    return round(count / duration_s, 1) if duration_s > 0 else None


def milliseconds(latency_s: float) -> float:
    return significant(latency_s * 1000)


def significant(value: float, digits: int = 3) -> float:
    """`value` to so many significant digits, but never coarser than a whole number."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def seconds(value_s: float) -> float:
    """A time on an experiment's axis, to a tenth of a second."""
    return round(value_s, 1) + 0.0  # + 0.0: no "-0.0"


def log_ticks(low: float, high: float, ticks_max: int = 6) -> list[float]:
    """Round values from below `low` to above `high`, both above zero: 1, 2, 5 of each decade.

    Where that makes more than `ticks_max`, only the powers of ten.
    """
    # A decade more at both ends: the logarithm of 999,999.999 rounds to 6.
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    for steps in ((1, 2, 5), (1,)):
        ladder = [step * 10.0**decade for decade in decades for step in steps]
        first = max(index for index, value in enumerate(ladder) if value <= low)
        last = min(index for index, value in enumerate(ladder) if value >= high)
        # A distribution of one value still needs an axis with some height.
        ticks = ladder[first : max(last, first + 1) + 1]
        if len(ticks) <= ticks_max:
            break
    return [float(f"{tick:.3g}") for tick in ticks]


def precise(value: float | None, digits: int = 3) -> str:
    """A latency in words, with as many digits as it was rounded to: 4.00, 27.1, 1,153."""
    if value is None or value == 0 or not math.isfinite(value):
        return figure(value)
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"


def figure(value: float | str | None, decimals: int | None = None) -> str:
    """A rounded value in words: thousands apart, a dash where there is none."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,}"
