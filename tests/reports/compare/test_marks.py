"""Best and worst stand out only where there is a difference to speak of."""

from hypothesis import given
from hypothesis import strategies as st

from reports.compare.marks import marks

VALUES = st.lists(st.none() | st.floats(0, 1e6), max_size=12)


def test_the_best_and_the_worst_are_marked():
    assert marks([300, 600, 450], "high") == ["worst", "best", ""]
    assert marks([300, 600, 450], "low") == ["best", "worst", ""]


def test_figures_within_the_tolerance_are_as_good():
    assert marks([300, 299, 100, 150], "high", 0.02) == ["best", "best", "worst", ""]
    assert marks([5.0, 5.05, 9.0, 8.0], "low", 0.02) == ["best", "best", "worst", ""]


def test_where_most_are_as_good_only_the_worst_stands_out():
    assert marks([0, 0, 0, 58], "low") == ["", "", "", "worst"]


def test_where_all_are_as_good_nothing_is_marked():
    assert marks([300, 299, 301], "high", 0.02) == ["", "", ""]
    assert marks([0, 0], "low") == ["", ""]


def test_what_was_not_measured_is_neither():
    assert marks([None, 1, 2], "low") == ["", "best", "worst"]
    assert marks([None, None], "low") == ["", ""]
    assert marks([], "high") == []


@given(VALUES, st.sampled_from(["high", "low"]))
def test_the_best_are_better_than_the_worst_and_never_come_alone(values, better):
    found = marks(values, better)
    assert "worst" in found or "best" not in found
    best = [value for value, mark in zip(values, found, strict=True) if mark == "best"]
    worst = [value for value, mark in zip(values, found, strict=True) if mark == "worst"]
    if best:
        assert min(best) > max(worst) if better == "high" else max(best) < min(worst)
