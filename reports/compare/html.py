"""compare.html: one page that opens from a disk and loads nothing, like report.html."""

from reports.compare import curves
from reports.compare.model import CompareView, CurveChart
from reports.html import inert_json, page


def render(view: CompareView) -> str:
    """The whole page."""
    return page("compare.html.j2", view=view, curve_json=_curve_json)


def _curve_json(chart: CurveChart) -> str:
    return inert_json(curves.specification(chart))
