"""Faults above the lines: each in a lane of its own as long as it is on, with its firings."""

import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from reports.charts import HEIGHT_PX, specification
from reports.fault_lanes import LANE_PX, LANES_MAX, pack
from reports.model import Chart, Fault, Series, Span

END_S = 100.0


def fault(mark, *spans, fired_s=()):
    return Fault(
        mark=mark,
        label=f"label-{mark}",
        kind="kill",
        where="worker",
        spans=[Span(*span) for span in spans],
        fired=len(fired_s),
        fired_stored=0,
        fired_s=list(fired_s),
    )


def drawn(faults, *, has_fault_lanes=True):
    lines = [Series("s", [1.0, 2.0])]
    chart = Chart(
        title="t", unit="u", t_s=[0.0, 50.0], series=lines, has_fault_lanes=has_fault_lanes
    )
    return specification(chart, faults, END_S)


def test_faults_that_follow_each_other_share_a_lane():
    first, second, third = fault("F1", (0, 10)), fault("F2", (5, 30)), fault("F3", (20, 30))
    assert pack([first, second, third], END_S) == [[first, third], [second]]


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0.1, 50)), max_size=30))
def test_every_fault_is_in_one_lane_and_meets_nobody_unless_there_are_too_many(spans):
    faults = [fault(f"F{n}", (start, start + long)) for n, (start, long) in enumerate(spans)]
    lanes = pack(faults, END_S)
    assert sorted(each.mark for lane in lanes for each in lane) == sorted(f.mark for f in faults)
    assert len(lanes) <= LANES_MAX
    for lane in lanes[: LANES_MAX - 1]:
        ends = [each.spans[0].end_s for each in lane]
        starts = [each.spans[0].start_s for each in lane]
        assert all(start > end for start, end in zip(starts[1:], ends, strict=False))


def test_a_fault_that_fired_and_was_never_seen_to_begin_has_a_place():
    (lane,) = pack([fault("F1", fired_s=[3.0])], END_S)
    assert lane[0].mark == "F1"
    assert "fired" in str(drawn([fault("F1", fired_s=[3.0])])["datasets"])


def test_bars_ticks_and_marks_are_drawn_above_lines_that_leave_room_for_them():
    faults = [fault("F1", (10, 30), fired_s=[11.0, 12.0]), fault("F2", (20, 40))]
    drawing = drawn(faults)
    data = list(drawing["datasets"].values())
    assert [
        {name: row[name] for name in ("on", "off")}
        for rows in data
        if "on" in rows[0]
        for row in rows
    ] == [{"on": 10, "off": 30}, {"on": 20, "off": 40}]
    assert [row["fired"] for rows in data if "fired" in rows[0] for row in rows] == [11.0, 12.0]
    assert drawing["height"] > HEIGHT_PX + 2 * LANE_PX - 1
    svg = vl_convert.vegalite_to_svg(drawing)
    assert svg.count('fill="var(--fault-bar)"') == 2
    assert ">F1</text>" in svg
    assert ">F2</text>" in svg


def test_a_chart_without_lanes_keeps_its_height_and_its_shades():
    drawing = drawn([fault("F1", (10, 30))], has_fault_lanes=False)
    assert drawing["height"] == HEIGHT_PX
    assert not any("on" in rows[0] for rows in drawing["datasets"].values())
