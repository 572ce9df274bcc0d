"""How traffic spreads over message groups, by the names that a capacity is asked for."""

from collections import Counter

import pytest
from pydantic import ValidationError

from scenarios.arrivals import email_blocks, group_weights
from scenarios.model import EmailLoad, ScenarioError
from scenarios.skews import HOT_SHARE, SKEWS, skewed

LOAD = EmailLoad(kind="emails", rate_per_s=1_000, duration_s=10)


def shares(load):
    """Of the emails, by group."""
    counts = Counter(group for block in email_blocks(load, 1) for group in block.groups.tolist())
    return {group: count / sum(counts.values()) for group, count in counts.items()}


def test_each_skew_is_what_its_name_says():
    found = {skew: shares(skewed(LOAD, skew)) for skew in SKEWS}
    assert max(found["even"].values()) < 0.01
    assert 0.10 < found["zipf"][0] < 0.16  # 1 / H(1000) is 0.134
    assert found["hot"][0] == pytest.approx(HOT_SHARE, abs=0.02)
    assert max(share for group, share in found["hot"].items() if group) < 0.01
    assert found["one"] == {0: 1.0}


def test_a_skew_changes_the_groups_and_nothing_else():
    times = [
        [block.intended_s.tolist() for block in email_blocks(skewed(LOAD, skew), 1)]
        for skew in SKEWS
    ]
    assert all(each == times[0] for each in times)


def test_weights_of_a_hot_group_leave_the_rest_to_the_others():
    hot = EmailLoad(
        kind="emails", rate_per_s=1, duration_s=1, groups=3, group_skew=1, hot_share=0.4
    )
    assert group_weights(hot) == pytest.approx([0.4, 0.4, 0.2])


def test_a_hot_group_among_one_and_an_unknown_skew_are_refused():
    with pytest.raises(ValidationError, match="hot_share: one group has everything"):
        EmailLoad(kind="emails", rate_per_s=1, duration_s=1, groups=1, hot_share=0.4)
    with pytest.raises(ScenarioError, match="unknown skew 'cold'; known: even, zipf, hot, one"):
        skewed(LOAD, "cold")
