"""Tables as people and machines read them."""

import json

from benchmarks.figures import Row, Table, at_least
from benchmarks.show import as_dict, as_text

OURS = Row(
    name="ours",
    unit="calls/s",
    samples=(5_900.0, 6_000.0, 6_100.0),
    goals=(at_least(8, of="slow"),),
)
SLOW = Row(name="slow", unit="calls/s", samples=(1_000.0,))
ABSENT = Row(name="third", unit="calls/s", note="not available: not installed")
TABLE = Table(title="Sends", rows=[OURS, SLOW, ABSENT], reference="slow")


def test_text_lines_up_rows_under_heads():
    assert as_text(TABLE).splitlines() == [
        "Sends",
        "         figure  unit     spread  ratio  target       reached   note",
        "  ours    6,000  calls/s      2%    6.0  >= 8 x slow  NO (6.0)",
        "  slow    1,000  calls/s            1.0",
        "  third       -  calls/s" + " " * 40 + "not available: not installed",
    ]


def test_columns_that_nothing_fills_are_left_out():
    plain = Table(title="Start", rows=[Row(name="ours", unit="s", samples=(0.5,))])
    assert as_text(plain).splitlines()[1].split() == ["figure", "unit"]


def test_a_goal_on_something_not_measured_cannot_be_told():
    row = Row(name="ours", unit="s", goals=(at_least(1),))
    assert "cannot tell" in as_text(Table(title="t", rows=[row]))


def test_json_carries_samples_ratios_and_targets_unrounded():
    value = json.loads(json.dumps(as_dict(TABLE)))
    ours, _, absent = value["rows"]
    assert ours["samples"] == [5_900.0, 6_000.0, 6_100.0]
    assert ours["ratio"] == 6.0
    assert ours["goals"] == [{"target": ">= 8 x slow", "value": 6.0, "reached": False}]
    assert (absent["figure"], absent["note"]) == (None, "not available: not installed")
