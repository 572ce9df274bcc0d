"""Writes a comparison into its run's folder, beside the run's own report."""

from dataclasses import dataclass
from pathlib import Path

from compliance.pricing.table import load_prices
from compliance.verdict import Judgement
from reports.compare import as_json, html, markdown
from reports.compare.model import CompareView
from reports.compare.sentences import Compared
from reports.compare.view import build, read_compared
from reports.files import write_whole
from reports.model import RunView
from scenarios.evidence import read_manifest


@dataclass(frozen=True)
class Comparison:
    """What was written."""

    view: CompareView
    compared: list[Compared]
    json: str


def is_comparison(run: Path) -> bool:
    """Whether a run put configurations side by side: its experiments bear their names.

    Raises EvidenceError when `run` is not a readable run directory.
    """
    plans = read_manifest(run).plans
    return bool(plans) and all(
        name == plan.configuration for name, plan in plans.items() if not plan.is_control
    )


def write_comparison(run: Path, judgement: Judgement, view: RunView) -> Comparison:
    """Write compare.html, compare.md and compare.json. Raises EvidenceError or ReportError."""
    prices = load_prices()
    compared, troubles = read_compared(run, judgement, view.cpu_count, prices)
    shown = build(view, compared, troubles, prices)
    told = as_json.render(shown, compared)
    texts = {
        "compare.html": html.render(shown),
        "compare.md": markdown.render(shown),
        "compare.json": told,
    }
    write_whole(run, texts)
    return Comparison(shown, compared, told)
