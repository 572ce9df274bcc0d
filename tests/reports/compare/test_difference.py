"""Two runs: a difference that is there is found and sized, and none is made of chance."""

import numpy as np
import pytest

from reports.compare.difference import Emails, compare_runs, differences
from scenarios.evidence import EvidenceError


def emails(*, slower=1.0, seed=0, seconds=30, per_s=20, lost=0.0):
    """Latencies that hang together: each second has a pace of its own."""
    generator = np.random.default_rng(seed)
    pace = generator.lognormal(0, 0.2, seconds).repeat(per_s)
    latencies_s = 0.01 * slower * pace * generator.lognormal(0, 0.3, seconds * per_s)
    delivered_s = np.where(generator.random(seconds * per_s) < lost, np.nan, 5 * latencies_s)
    return Emails(np.arange(seconds).repeat(per_s), latencies_s, delivered_s)


def by_name(a, b):
    return {each.what: each for each in differences("baseline", a, b, draws=60)}


def test_twice_as_slow_is_seen_for_sure():
    found = by_name(emails(), emails(slower=2.0, seed=1))["accepted p50, ms"]
    assert found.is_sure
    assert found.low <= found.b - found.a <= found.high
    assert found.low < 10 < found.high


def test_lost_emails_show_as_a_share():
    found = by_name(emails(), emails(seed=1, lost=0.1))["delivered, share"]
    assert found.is_sure
    assert found.high < 0


def test_of_equal_runs_few_differences_are_called_sure():
    """95 of 100 intervals should hold no difference; the bound is five standard deviations off."""
    runs = 12
    sure = 0
    for seed in range(runs):
        found = by_name(emails(seed=seed), emails(seed=1000 + seed))["accepted p50, ms"]
        sure += found.is_sure
    assert sure <= runs * 0.05 + 5 * np.sqrt(runs * 0.05 * 0.95)


def test_emails_drawn_one_by_one_would_be_too_sure():
    """The planted bug: without blocks the pace of each second passes for much evidence."""
    sure = {True: 0, False: 0}
    for seed in range(10):
        a, b = emails(seed=seed), emails(seed=1000 + seed)
        for in_blocks in sure:
            pair = [a, b] if in_blocks else [shuffled(a, seed), shuffled(b, seed)]
            sure[in_blocks] += by_name(*pair)["accepted p50, ms"].is_sure
    assert sure[False] > sure[True] + 2


def shuffled(whole, seed):
    order = np.random.default_rng(seed).permutation(len(whole.seconds))
    return Emails(whole.seconds, whole.accepted_s[order], whole.delivered_s[order])


def test_runs_without_a_common_experiment_are_refused(baseline_run):
    with pytest.raises(EvidenceError, match="is this a run directory"):
        compare_runs(baseline_run, baseline_run / "nowhere")


def test_a_run_compared_with_itself_differs_in_nothing(baseline_run):
    found = compare_runs(baseline_run, baseline_run)
    assert {each.experiment for each in found} == {"baseline"}
    assert not [each for each in found if each.is_sure or each.a != each.b]
