"""Faults above a chart's lines: when each was on, and when it fired, on the chart's own time.

Faults that do not meet share a lane, so that a storm takes little room.
"""

from typing import Any

import altair as alt

from reports.model import Fault

LANE_PX = 13
BAR_PX = 9
LANES_MAX = 8  # what needs more lies on the last one
LABEL_SHARE = 0.05  # of the axis: room that a fault's mark needs at least


def pack(faults: list[Fault], end_s: float) -> list[list[Fault]]:
    """The faults by lane; in one lane they follow each other."""
    lanes: list[list[Fault]] = []
    free_from_s: list[float] = []
    for fault in sorted(faults, key=_first_s):
        start_s = _first_s(fault)
        # Its mark stands to the left of the bar; the first of a lane has the margin for that.
        label_s = start_s - LABEL_SHARE * end_s
        lane = next((n for n, free_s in enumerate(free_from_s) if free_s <= label_s), None)
        if lane is None and len(lanes) < LANES_MAX:
            lanes.append([])
            free_from_s.append(-end_s)
            lane = len(lanes) - 1
        if lane is None:
            lane = LANES_MAX - 1
        lanes[lane].append(fault)
        free_from_s[lane] = max(free_from_s[lane], _last_s(fault))
    return lanes


def draw(lanes: list[list[Fault]]) -> list[alt.Chart]:
    """Bars, ticks where they fired, and their marks; one lane below the other from the top."""
    layers = []
    for number, lane in enumerate(lanes):
        top, bottom = alt.value(number * LANE_PX), alt.value(number * LANE_PX + BAR_PX)
        bars = [
            {"on": span.start_s, "off": span.end_s, "fault": _told(fault)}
            for fault in lane
            for span in fault.spans
        ]
        if bars:
            layers.append(
                alt.Chart(alt.InlineData(values=bars))
                .mark_rect(color="var(--fault-bar)", cornerRadius=2)
                .encode(x="on:Q", x2="off:Q", y=top, y2=bottom, tooltip=alt.Tooltip("fault:N"))
            )
        ticks = [{"fired": at_s, "fault": _told(fault)} for fault in lane for at_s in fault.fired_s]
        if ticks:
            layers.append(
                alt.Chart(alt.InlineData(values=ticks))
                .mark_rule(color="var(--fault-ink)", strokeWidth=1)
                .encode(x="fired:Q", y=top, y2=bottom, tooltip=alt.Tooltip("fault:N"))
            )
        layers.append(_marks(lane, number))
    return layers


def _marks(lane: list[Fault], number: int) -> alt.Chart:
    rows: list[dict[str, Any]] = [
        {"from": _first_s(fault), "mark": fault.mark, "fault": _told(fault)} for fault in lane
    ]
    middle = alt.value(number * LANE_PX + BAR_PX / 2)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_text(align="right", baseline="middle", dx=-3, fontSize=10, color="var(--fault-ink)")
        .encode(x="from:Q", y=middle, text="mark:N", tooltip=alt.Tooltip("fault:N"))
    )
    return chart


def _told(fault: Fault) -> str:
    where = f" on {fault.where}" if fault.where else ""
    return f"{fault.mark} {fault.label} ({fault.kind}{where}), fired {fault.fired} times"


def _first_s(fault: Fault) -> float:
    return min([span.start_s for span in fault.spans] + fault.fired_s[:1], default=0.0)


def _last_s(fault: Fault) -> float:
    return max([span.end_s for span in fault.spans] + fault.fired_s[-1:], default=0.0)
