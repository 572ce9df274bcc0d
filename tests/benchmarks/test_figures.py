"""Figures, ratios and targets, worked out by hand."""

import pytest

from benchmarks.figures import Row, Table, at_least, at_most, within


def row(name, *samples, unit="calls/s", goals=()):
    return Row(name=name, unit=unit, samples=samples, goals=goals)


def test_a_row_is_the_median_of_its_samples():
    assert row("r", 9.0, 1.0, 2.0).figure == 2.0


def test_the_spread_is_half_the_range_over_the_median():
    assert row("r", 90.0, 100.0, 120.0).spread == pytest.approx(0.15)


@pytest.mark.parametrize("samples", [(), (5.0,), (0.0, 0.0)])
def test_there_is_no_spread_of_fewer_than_two_samples_or_of_nothing(samples):
    assert row("r", *samples).spread is None


def test_a_ratio_is_to_the_reference_row():
    ours, other = row("ours", 300.0), row("other", 100.0)
    table = Table(title="t", rows=[ours, other], reference="other")
    assert table.ratio(ours) == 3.0
    assert table.ratio(other) == 1.0
    assert table.ratio(other, "ours") == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "reference",
    [row("other"), row("other", 0.0), row("other", 2.0, unit="s"), row("somebody else", 2.0)],
    ids=["not measured", "nothing", "another unit", "absent"],
)
def test_there_is_no_ratio_to_what_cannot_be_compared(reference):
    ours = row("ours", 300.0)
    assert Table(title="t", rows=[ours, reference], reference="other").ratio(ours) is None


def test_a_table_without_reference_has_no_ratios():
    ours = row("ours", 300.0)
    assert Table(title="t", rows=[ours]).ratio(ours) is None


@pytest.mark.parametrize(
    ("goal", "reached", "missed"),
    [
        (at_least(8), 8.0, 7.99),
        (at_most(1.5), 1.5, 1.51),
        (within(300, 0.005), 301.5, 301.6),
        (within(300, 0.005), 298.5, 298.4),
    ],
)
def test_a_goal_is_reached_up_to_its_bound_and_no_further(goal, reached, missed):
    assert goal.reached(reached)
    assert not goal.reached(missed)


def test_a_goal_on_a_ratio_is_checked_against_the_row_it_names():
    ours = row("ours", 500.0, goals=(at_least(8, of="slow"), at_least(0.6, of="empty")))
    rows = [ours, row("slow", 50.0), row("empty", 1000.0)]
    slow, empty = Table(title="t", rows=rows, reference="empty").checked(ours)
    assert (slow.value, slow.reached) == (10.0, True)
    assert (empty.value, empty.reached) == (0.5, False)


def test_a_goal_that_nothing_was_measured_for_is_neither_reached_nor_missed():
    absent = row("ours", goals=(at_most(1.5), at_least(8, of="slow")))
    checked = Table(title="t", rows=[absent, row("slow", 50.0)]).checked(absent)
    assert [each.reached for each in checked] == [None, None]


def test_goals_say_what_is_asked():
    texts = [at_least(8, of="ministack").text, at_most(2048).text, within(300, 0.005).text]
    assert texts == [">= 8 x ministack", "<= 2,048", "300 +/- 0.5%"]
