"""Charts as Vega-Lite specifications: lines over time, with faults as shaded spans and lanes.

Colours are CSS variables of the page, so one drawing serves light, dark and print. Data rows have
fixed field names (t, v1, v2, ...): foreign text is only ever a value, never a field or expression.
"""

from typing import Any

import altair as alt

from reports.fault_lanes import LANE_PX, draw, pack
from reports.model import Chart, Fault
from reports.numbers import log_ticks

HEIGHT_PX = 170  # of the lines
LANES_GAP_PX = 6  # between the lanes of faults and the lines
# Lines differ in dash as well as colour, for print and for those who tell colours apart badly.
DASHES = ("", "6 3", "2 2", "9 3 2 3", "12 4", "4 4", "1 3", "9 2 2 2 2 2")
MARKS_TOO_CLOSE = 0.05  # of the axis: nearer fault marks would overlap


def dash(index: int) -> str:
    """The SVG dash pattern of a chart's n-th line, from 0."""
    # Shifted by one each time that the colours begin again: no two lines are alike.
    return DASHES[(index + index // len(DASHES)) % len(DASHES)]


def colour(index: int) -> str:
    """The CSS colour of a chart's n-th line, from 0."""
    return f"var(--series-{index % len(DASHES) + 1})"


def specification(chart: Chart, faults: list[Fault], duration_s: float) -> dict[str, Any]:
    """The chart as a Vega-Lite specification that loads nothing."""
    end_s = max(duration_s, chart.t_s[-1], 1.0)
    x = alt.X("t:Q", title=None, scale=alt.Scale(domain=[0, end_s], nice=False))
    lanes = pack(faults, end_s) if chart.has_fault_lanes else []
    top_px = len(lanes) * LANE_PX + (LANES_GAP_PX if lanes else 0)
    layers = [
        *_spans(faults, end_s, is_marked=not lanes),
        *_lines(chart, x, top_px),
        _reading_rule(chart, x),
        *draw(lanes),
    ]
    return styled(alt.layer(*layers), HEIGHT_PX + top_px, chart.description, x_label=" + ' s'")


def styled(
    drawing: alt.LayerChart | alt.FacetChart, height_px: int, description: str, *, x_label: str = ""
) -> dict[str, Any]:
    """The drawing as a specification in the page's colours; `x_label` is added to each x label."""
    finished = drawing.properties(
        width="container",
        height=height_px,
        description=description,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 0, "right": 6, "top": 4, "bottom": 0},
    ).configure(
        background="transparent",
        font="system-ui, sans-serif",
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelColor="var(--ink-soft)",
            titleColor="var(--ink-soft)",
            titleFontWeight="normal",
            gridColor="var(--rule)",
            domainColor="var(--rule-strong)",
            tickColor="var(--rule-strong)",
            labelFontSize=11,
        ),
        axisX=alt.AxisConfig(grid=False, labelExpr=f"datum.label{x_label}", tickCount=6),
        # One width for all labels: the time axes of charts above each other line up.
        axisY=alt.AxisConfig(minExtent=38, maxExtent=38, tickCount=4, domain=False, ticks=False),
    )
    specification: dict[str, Any] = finished.to_dict()
    del specification["$schema"]  # a URL that nothing needs
    return specification


def _lines(chart: Chart, x: alt.X, top_px: int) -> list[alt.Chart]:
    """The lines, below what is drawn in the uppermost `top_px`."""
    scale, axis = _log_scale(chart) if chart.is_log else _linear_scale()
    scale.range = [HEIGHT_PX + top_px, top_px]
    base = alt.Chart(alt.InlineData(values=_rows(chart)))
    lines = []
    for index, line in enumerate(chart.series):
        y = alt.Y(f"v{index + 1}:Q", title=None, scale=scale, axis=axis)
        stroke = [int(part) for part in dash(index).split()] or [1, 0]
        lines.append(
            base.mark_line(color=colour(index), strokeWidth=1.6, strokeDash=stroke).encode(x=x, y=y)
        )
        if alone := _alone(line.values):
            # A line needs two neighbours; a value between gaps would not be seen.
            points = alt.InlineData(
                values=[{"t": chart.t_s[i], f"v{index + 1}": line.values[i]} for i in alone]
            )
            lines.append(
                alt.Chart(points).mark_circle(color=colour(index), size=14).encode(x=x, y=y)
            )
    return lines


def _linear_scale() -> tuple[alt.Scale, alt.Axis]:
    return alt.Scale(zero=True), alt.Axis(format=",~r")


def _log_scale(chart: Chart) -> tuple[alt.Scale, alt.Axis]:
    known = [value for line in chart.series for value in line.values if value]
    ticks = log_ticks(min(known), max(known)) if known else [1.0, 10.0]
    # Without `nice` and with ticks of our own: Vega would draw a grid line for every digit.
    scale = alt.Scale(type="log", domain=[ticks[0], ticks[-1]], nice=False)
    return scale, alt.Axis(format=",~r", values=ticks)


def _alone(values: list[float | None]) -> list[int]:
    gaps = [value is None for value in [None, *values, None]]
    return [
        index
        for index, (before, here, after) in enumerate(zip(gaps, gaps[1:], gaps[2:], strict=False))
        if before and after and not here
    ]


def _reading_rule(chart: Chart, x: alt.X) -> alt.Chart:
    """A vertical line under the pointer that reads out all series at its time."""
    nearest = alt.selection_point(
        name="reading",
        nearest=True,
        on="pointerover",
        clear="pointerout",
        fields=["t"],
        empty=False,
    )
    tooltip = [alt.Tooltip("t:Q", title="second")] + [
        alt.Tooltip(f"v{index}:Q", title=line.label) for index, line in enumerate(chart.series, 1)
    ]
    rule: alt.Chart = (
        alt.Chart(alt.InlineData(values=_rows(chart)))
        .mark_rule(color="var(--ink-soft)")
        .encode(x=x, opacity=alt.condition(nearest, alt.value(0.7), alt.value(0)), tooltip=tooltip)
        .add_params(nearest)
    )
    return rule


def _spans(faults: list[Fault], end_s: float, *, is_marked: bool) -> list[alt.Chart]:
    values = [
        {"from": span.start_s, "to": span.end_s, "fault": f"{fault.mark} {fault.label}"}
        for fault in faults
        for span in fault.spans
    ]
    if not values:
        return []
    shades = (
        alt.Chart(alt.InlineData(values=values))
        .mark_rect(color="var(--fault)")
        .encode(x="from:Q", x2="to:Q", tooltip=alt.Tooltip("fault:N"))
    )
    if not is_marked:
        return [shades]
    marks = (
        alt.Chart(alt.InlineData(values=_marks(faults, end_s)))
        .mark_text(align="left", baseline="top", dx=2, fontSize=10, color="var(--fault-ink)")
        .encode(x="from:Q", y=alt.value(1), text="marks:N")
    )
    return [shades, marks]


def _marks(faults: list[Fault], end_s: float) -> list[dict[str, Any]]:
    """Where each fault sets in; marks that would overlap share one place."""
    rows: list[dict[str, Any]] = []
    starts = sorted((span.start_s, fault.mark) for fault in faults for span in fault.spans)
    for start_s, mark in starts:
        if rows and start_s - rows[-1]["from"] < MARKS_TOO_CLOSE * end_s:
            rows[-1]["marks"] += f" {mark}"
        else:
            rows.append({"from": start_s, "marks": mark})
    return rows


def _rows(chart: Chart) -> list[dict[str, float]]:
    """Points in wide form; a logarithmic axis has no place for zero."""
    rows = []
    for index, t_s in enumerate(chart.t_s):
        row = {"t": t_s}
        for number, line in enumerate(chart.series, start=1):
            value = line.values[index]
            if value is not None and (value > 0 or not chart.is_log):
                row[f"v{number}"] = value
        rows.append(row)
    return rows
