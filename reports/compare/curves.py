"""Curves over each other as a Vega-Lite specification: one a configuration.

Rows have fixed field names and a configuration is a number: foreign text stays out of expressions.
"""

from typing import Any

import altair as alt

from reports.charts import colour, dash, styled
from reports.compare.model import CurveChart
from reports.numbers import log_ticks

HEIGHT_PX = 300


def specification(chart: CurveChart) -> dict[str, Any]:
    """The chart as a specification that loads nothing."""
    values = [y for curve in chart.curves for _, y in curve.points if y > 0]
    ticks = log_ticks(min(values), max(values)) if values else [1.0, 10.0]
    x = alt.X("x:Q", title=chart.x_title, scale=alt.Scale(zero=True))
    if chart.is_x_log:
        places = sorted({x for curve in chart.curves for x, _ in curve.points})
        x = alt.X(
            "x:Q",
            title=chart.x_title,
            scale=alt.Scale(type="log"),
            axis=alt.Axis(values=places, format=","),
        )
    y = alt.Y(
        "y:Q",
        title=None,
        scale=alt.Scale(type="log", domain=[ticks[0], ticks[-1]], nice=False),
        axis=alt.Axis(format=",~r", values=ticks),
    )
    layers = []
    for index, curve in enumerate(chart.curves):
        rows = [
            {"x": x_value, "y": y_value, "n": number, "what": curve.label}
            for number, (x_value, y_value) in enumerate(curve.points)
            if y_value > 0
        ]
        base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y)
        stroke = [int(part) for part in dash(index).split()] or [1, 0]
        tooltip = [
            alt.Tooltip("what:N", title="configuration"),
            alt.Tooltip("x:Q", title=chart.x_title),
            alt.Tooltip("y:Q", title=chart.unit),
        ]
        layers += [
            # By number of the stage: a configuration that falls behind bends backwards.
            base.mark_line(color=colour(index), strokeWidth=1.6, strokeDash=stroke).encode(
                order="n:Q"
            ),
            base.mark_circle(color=colour(index), size=36, opacity=1).encode(tooltip=tooltip),
        ]
    return styled(alt.layer(*layers), HEIGHT_PX, chart.description)
