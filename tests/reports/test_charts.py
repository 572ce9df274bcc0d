"""Chart specifications: what Vega is told to draw."""

import vl_convert

from reports.charts import specification
from reports.model import Chart, Fault, Series, Span


def fault(mark, *spans):
    return Fault(
        mark=mark, label="f", kind="k", where="", spans=list(spans), fired=0, fired_stored=0
    )


def chart(*values, is_log=False):
    return Chart(
        title="t",
        unit="u",
        t_s=[float(i) for i in range(len(values))],
        series=[Series("s", list(values))],
        is_log=is_log,
    )


def rows_with(drawing, field):
    return [rows for rows in drawing["datasets"].values() if field in rows[0]]


def test_a_gap_is_left_out_of_the_data_so_that_the_line_breaks():
    drawing = specification(chart(1.0, 2.0, None, 4.0, 5.0), [], 5.0)
    (rows,) = rows_with(drawing, "v1")
    assert rows == [
        {"t": 0.0, "v1": 1.0},
        {"t": 1.0, "v1": 2.0},
        {"t": 2.0},
        {"t": 3.0, "v1": 4.0},
        {"t": 4.0, "v1": 5.0},
    ]


def test_a_value_between_gaps_gets_a_point_of_its_own():
    drawing = specification(chart(None, 2.0, None), [], 3.0)
    assert [layer["mark"]["type"] for layer in drawing["layer"]] == ["line", "circle", "rule"]


def test_zero_has_no_place_on_a_logarithmic_axis():
    drawing = specification(chart(0.0, 10.0, 20.0, is_log=True), [], 3.0)
    assert {"t": 0.0} in rows_with(drawing, "t")[0]
    assert drawing["layer"][0]["encoding"]["y"]["scale"]["domain"] == [10.0, 20.0]


def test_marks_that_would_overlap_share_a_place():
    faults = [fault("F1", Span(1.0, 5.0)), fault("F2", Span(1.2, 3.0)), fault("F3", Span(50, 60))]
    drawing = specification(chart(1.0, 2.0), faults, 100.0)
    assert rows_with(drawing, "marks") == [
        [{"from": 1.0, "marks": "F1 F2"}, {"from": 50, "marks": "F3"}]
    ]


def test_a_chart_without_values_can_be_drawn():
    assert specification(chart(None, None, is_log=True), [], 0.0)["layer"]


def test_vega_draws_the_chart_in_the_page_s_colours():
    faults = [fault("F1", Span(1.0, 2.0))]
    svg = vl_convert.vegalite_to_svg(specification(chart(1.0, 2.0, 5.0), faults, 3.0))
    assert 'stroke="var(--series-1)"' in svg
    assert 'fill="var(--fault)"' in svg
    assert ">F1</text>" in svg
